/** Telling the API that a user does not want a campaign, and taking that back. */

import { Problem, get, post, remove } from "./api.js";
import { element, hidden, linkTo } from "./dom.js";
import { minute } from "./figures.js";
import { failure } from "./panels.js";

/**
 * Dismissing puts a sentence with a way back in the place of all that `entry` shows. Here and in
 * the list of what is dismissed, an entry fires "dismissal", which bubbles, when one was made or
 * taken back.
 */
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
      await takeBack(userId, campaignId);
      entry.replaceChildren(...before);
      entry.querySelector("h3").focus();
      changed(entry);
    };
    const note = sentence(`${name} is dismissed: it is no longer recommended to ${userId}.`);
    entry.replaceChildren(note, actionButton("Undo", name, undo));
    note.focus();
    changed(entry);
  };
  return actionButton("Dismiss", name, dismiss);
}

/** What the user dismissed, whenever that was, each with a way back. */
export async function dismissedBy(userId, signal) {
  const { body } = await get(["users", userId, "dismissals"], {}, signal);
  if (body.dismissals.length === 0) return element("p", { class: "empty" }, "None.");
  const entries = body.dismissals.map((dismissal) => dismissed(dismissal, userId));
  return element("ul", { class: "dismissed" }, entries);
}

function dismissed({ campaign_id: campaignId, name, dismissed_at: dismissedAt }, userId) {
  const entry = element("li", {});
  const undo = async () => {
    await takeBack(userId, campaignId);
    const note = sentence(`${name} can be recommended to ${userId} again.`);
    entry.replaceChildren(note);
    note.focus();
    changed(entry);
  };
  entry.append(
    element(
      "div",
      {},
      linkTo({ campaign: campaignId }, name),
      element("span", { class: "muted" }, `, ${minute(dismissedAt)}`),
    ),
    actionButton("Undo", name, undo),
  );
  return entry;
}

function takeBack(userId, campaignId) {
  return remove(["feedback", "dismissals"], { user_id: userId, campaign_id: campaignId });
}

function changed(entry) {
  entry.dispatchEvent(new Event("dismissal", { bubbles: true }));
}

function sentence(text) {
  return element("p", { class: "muted", tabindex: "-1" }, text);
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
