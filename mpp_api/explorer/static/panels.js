/** What several views show alike. */

import { element } from "./dom.js";
import { Problem } from "./api.js";
import { latest } from "./latest.js";

export function panel(title, ...children) {
  return element("section", { class: "panel" }, element("h2", {}, title), ...children);
}

/** Names and values; pairs without a value are left out. */
export function facts(pairs) {
  const known = pairs.filter(([, value]) => value !== null && value !== undefined);
  return element(
    "dl",
    { class: "facts" },
    known.map(([name, value]) =>
      element("div", {}, element("dt", {}, name), element("dd", {}, value)),
    ),
  );
}

/** A share of 1 as a bar; the figure beside it says the same. */
export function bar(share) {
  const filling = element("span");
  filling.style.setProperty("--share", Math.max(0, Math.min(1, share)));
  return element("span", { class: "bar", "aria-hidden": "true" }, filling);
}

/** `again` repeats what failed. */
export function failure(error, again = null) {
  const isExpected = error instanceof Problem;
  if (!isExpected) console.error(error);
  const sentence = isExpected ? error.message : "This page failed; the browser's console says why.";
  return element(
    "div",
    { class: "notice", role: "alert" },
    element("p", {}, sentence),
    again && element("button", { type: "button", class: "quiet", click: () => again() }, "Try again"),
  );
}

/**
 * Fills `place` with what `load(signal)` resolves to, unless the view is left or `place` is loaded
 * anew before. A failure stays inside of it.
 */
export async function loading(place, leaving, load) {
  const attempt = async () => {
    const signal = latest(place, leaving);
    place.setAttribute("aria-busy", "true");
    place.replaceChildren(element("p", { class: "empty" }, "Loading …"));
    try {
      const content = await load(signal);
      if (!signal.aborted) place.replaceChildren(...[content].flat().filter(Boolean));
    } catch (error) {
      if (!signal.aborted) place.replaceChildren(failure(error, attempt));
    } finally {
      if (!signal.aborted) place.removeAttribute("aria-busy");
    }
  };
  await attempt();
}
