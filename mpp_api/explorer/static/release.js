/** The release that everything on this page was read from: how fresh, and from which run. */

import { get } from "./api.js";
import { element } from "./dom.js";
import { age, day, minute } from "./figures.js";

export async function showRelease(signal) {
  const place = document.getElementById("release");
  try {
    const { body } = await get(["releases", "current"], {}, signal);
    const pair = (name, value) =>
      element("div", {}, element("dt", {}, name), element("dd", {}, value));
    place.replaceChildren(
      element(
        "dl",
        {},
        pair("release", body.release_id),
        pair("published", `${minute(body.published_at)}, ${age((Date.now() - Date.parse(body.published_at)) / 1_000)} ago`),
        pair("data through", day(body.data_through)),
        pair("Dagster run", body.dagster_run_id),
        pair("model", body.embedding_model),
      ),
    );
  } catch (error) {
    if (!signal.aborted) place.textContent = error.message;
  }
}
