/** Why a campaign is recommended: the evidence drawn and told, and where each message is from. */

import { get } from "./api.js";
import { element, hidden, linkTo } from "./dom.js";
import { evidenceGraph } from "./evidence_graph.js";
import { counted, minute, number } from "./figures.js";
import { scoreTable } from "./score_parts.js";

/** What is inside is made when it is first opened. */
export function reasons(item, subject, signal) {
  const { name } = item.campaign;
  const details = element("details", {}, element("summary", {}, "Why", hidden(` ${name}`)));
  const open = () => details.append(...why(item, name, subject, signal));
  details.addEventListener("toggle", open, { once: true });
  return details;
}

function why(item, name, subject, signal) {
  const { explanation } = item;
  const drawing = evidenceGraph(subject, { name, campaignId: item.campaign_id }, explanation);
  return [
    drawing ?? element("p", { class: "empty" }, "Nothing personal leads to this campaign."),
    ...section("Similar users", explanation.similar_users, (similar) =>
      element(
        "li",
        {},
        linkTo({ user: similar.user_id }, similar.user_id),
        ` (similarity ${number(similar.similarity, 2)}), ${counted(similar.message_count, "message")} in this campaign`,
      ),
    ),
    ...section("Messages", explanation.messages, (message) => cited(message, signal)),
    element("h4", {}, "Score"),
    scoreTable(item.score_parts, item.score),
  ];
}

function section(title, entries, rendered) {
  if (entries.length === 0) return [];
  return [element("h4", {}, title), element("ul", { class: "evidence" }, entries.map(rendered))];
}

function cited(message, signal) {
  const source = message.source
    ? ` · batch ${message.source.batch}, position ${message.source.position} `
    : " · source unknown while MongoDB is missing ";
  const place = element("div", { class: "source" });
  const trace = element(
    "button",
    { type: "button", class: "quiet", click: () => showProvenance(place, message, signal) },
    "Trace",
    hidden(" this message"),
  );
  place.append(
    linkTo({ user: message.user_id }, message.user_id),
    `, ${minute(message.sent_at)}, closeness ${number(message.similarity, 2)}${source}`,
    trace,
  );
  return element("li", {}, element("blockquote", {}, message.text), place);
}

/** In the place of the button: every writing of the message that is served, and its run. */
async function showProvenance(place, message, signal) {
  const trail = element("ul", { class: "trail", role: "status", tabindex: "-1" });
  trail.append(element("li", {}, "Tracing …"));
  place.querySelector("button").replaceWith(trail);
  trail.focus();
  try {
    const { body } = await get(["messages", message.message_id, "provenance"], {}, signal);
    trail.replaceChildren(
      ...body.materializations.map((written) =>
        element(
          "li",
          {},
          element("strong", {}, written.asset),
          written.partition ? ` ${written.partition}` : "",
          `, materialization ${written.materialization}, Dagster run `,
          element("code", {}, written.dagster_run_id),
        ),
      ),
    );
  } catch (error) {
    if (!signal.aborted) trail.replaceChildren(element("li", {}, error.message));
  }
}
