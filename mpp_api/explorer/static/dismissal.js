/** Telling the API that a user does not want a campaign, and taking that back. */

import { Problem, post, remove } from "./api.js";
import { element, hidden } from "./dom.js";
import { failure } from "./panels.js";

/** Dismissing puts a sentence with a way back in the place of all that `entry` shows. */
export function dismissButton(entry, campaignId, name, userId, requestId) {
  const dismiss = async () => {
    const { body } = await post(["feedback"], {
      kind: "dismiss",
      request_id: requestId,
      user_id: userId,
      campaign_id: campaignId,
    });
    if (body.rejected) throw new Problem(200, body.outcomes[0].reasons.join("; "));
    const before = [...entry.childNodes];
    const undo = async () => {
      await remove(["feedback", "dismissals"], { user_id: userId, campaign_id: campaignId });
      entry.replaceChildren(...before);
      entry.querySelector("h3").focus();
    };
    const note = element(
      "p",
      { class: "muted", tabindex: "-1" },
      `${name} is dismissed: it is no longer recommended to ${userId}.`,
    );
    entry.replaceChildren(note, actionButton("Undo", name, undo));
    note.focus();
  };
  return actionButton("Dismiss", name, dismiss);
}

/** A button that shows beside itself why its action failed. */
function actionButton(verb, object, action) {
  const place = element("div", { class: "dismiss" });
  const act = async () => {
    button.disabled = true;
    place.replaceChildren(button);
    try {
      await action();
    } catch (error) {
      place.append(failure(error));
    } finally {
      button.disabled = false;
    }
  };
  const button = element(
    "button",
    { type: "button", class: "quiet", click: act },
    verb,
    hidden(` ${object}`),
  );
  place.append(button);
  return place;
}
