/** Recommendations for a text: what somebody without a history would get. */

import { announce, element } from "./dom.js";
import { failure, panel } from "./panels.js";
import { showRecommendations } from "./recommendations.js";

const LONGEST = 4_000;

export async function showText(content, text, signal) {
  const input = element("textarea", { id: "text", required: true, maxlength: LONGEST });
  input.value = text;
  const place = element("div", {});
  const button = element("button", { type: "submit" }, "Recommend");
  const submit = async (event) => {
    event?.preventDefault();
    const asked = input.value.trim();
    if (asked === "") return;
    button.disabled = true;
    announce("Asking.");
    try {
      await showRecommendations(place, { text: asked }, { name: "this text", userId: null }, signal);
    } catch (error) {
      if (!signal.aborted) place.replaceChildren(failure(error, submit));
    } finally {
      button.disabled = false;
    }
  };
  content.replaceChildren(
    element("h1", { tabindex: "-1" }, "Try a text"),
    panel(
      "What somebody without a history gets",
      element(
        "form",
        { submit },
        element("label", { for: "text" }, "What would they write?"),
        input,
        element("p", { class: "hint" }, "The text is embedded as messages are, and stored nowhere."),
        element("p", { class: "actions" }, button),
      ),
    ),
    panel("Recommendations", place),
  );
  place.append(element("p", { class: "empty" }, "Write a text, then ask."));
  if (text) submit();
}
