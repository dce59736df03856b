/** Shows the view that the address names: `#user=ada`, `#campaigns=`, `#campaign=boots`, `#text=`. */

import { showCampaign, showCampaigns } from "./campaigns.js";
import { announce, element } from "./dom.js";
import { askForKey, takeKeyFromAddress } from "./key.js";
import { failure } from "./panels.js";
import { showRelease } from "./release.js";
import { showText } from "./text.js";
import { showUsers } from "./users.js";

const VIEWS = [
  { parameter: "campaign", current: "campaigns", show: showCampaign },
  { parameter: "campaigns", current: "campaigns", show: showCampaigns },
  { parameter: "text", current: "text", show: showText },
  { parameter: "user", current: "users", show: showUsers },
];
const content = document.getElementById("content");

let leaving = new AbortController();

async function show({ isFirst = false } = {}) {
  takeKeyFromAddress();
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const parameters = new URLSearchParams(location.hash.slice(1));
  const view = VIEWS.find(({ parameter }) => parameters.has(parameter)) ?? VIEWS.at(-1);
  const subject = parameters.get(view.parameter) ?? "";
  for (const link of document.querySelectorAll("[data-view]")) {
    const isCurrent = link.dataset.view === view.current;
    if (isCurrent) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  showRelease(signal);
  try {
    await view.show(content, subject, signal);
  } catch (error) {
    if (signal.aborted) return;
    content.replaceChildren(element("h1", { tabindex: "-1" }, "Explorer"), failure(error, show));
  }
  const heading = content.querySelector("h1");
  if (heading) document.title = `${heading.textContent} · Explorer`;
  if (!isFirst) heading?.focus();
}

document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault(); // the fragment names a view
  content.focus();
});
document.getElementById("key-cancel").addEventListener("click", () => {
  document.getElementById("key-dialog").close();
});
document.getElementById("change-key").addEventListener("click", async () => {
  if (await askForKey("The key that this page sends from now on.")) {
    announce("Key changed.");
    show();
  }
});
addEventListener("hashchange", () => show());
show({ isFirst: true });
