/** A ranked list with its reasons: for a user, or for a text. */

import { post } from "./api.js";
import { dismissButton } from "./dismissal.js";
import { announce, element, hidden, linkTo } from "./dom.js";
import { counted, minute, number } from "./figures.js";
import { failure } from "./panels.js";
import { reasons } from "./reasons.js";
import { scoreBar } from "./score_parts.js";

const STORE_OF_LEG = {
  vector: "Milvus",
  graph: "Neo4j",
  table: "Postgres",
  document: "MongoDB",
  model: "the embedding model",
};
const STRATEGIES = {
  hybrid: "from this user's own messages",
  text: "from the text",
  session: "from the messages of the session",
  trending: "nothing personal is known",
};
const SCORING_LEGS = ["vector", "graph", "model"];

/** Fills `place` with the answer to `question`, a body of POST /recommendations. */
export async function showRecommendations(place, question, subject, signal) {
  const { body, requestId } = await post(["recommendations"], question, signal);
  const list = element("ol", { class: "ranking" });
  const more = element("p", { class: "actions" });
  const add = (reply, replyRequestId) => {
    const items = reply.items.map((item) => ranked(item, subject, replyRequestId, signal));
    list.append(...items);
    more.replaceChildren();
    if (reply.next_cursor) {
      const click = (event) => next(reply, event.currentTarget);
      more.append(element("button", { type: "button", class: "quiet", click }, "More"));
    }
    return items[0];
  };
  const next = async (reply, button) => {
    button.disabled = true;
    try {
      const page = await post(["recommendations"], { ...question, cursor: reply.next_cursor }, signal);
      add(page.body, page.requestId)?.querySelector("h3").focus();
    } catch (error) {
      if (signal.aborted) return;
      more.replaceChildren(failure(error, () => showRecommendations(place, question, subject, signal)));
    }
  };
  add(body, requestId);
  place.replaceChildren(
    summary(body),
    ...missing(body),
    list,
    body.items.length === 0 ? element("p", { class: "empty" }, "No campaign to recommend.") : "",
    more,
  );
  announce(`${counted(body.items.length, "recommendation")}.`);
}

function summary(reply) {
  return element(
    "p",
    { class: "muted" },
    element("span", { class: "badge" }, reply.strategy),
    ` ${STRATEGIES[reply.strategy] ?? ""}, computed ${minute(reply.generated_at)}`,
    ` over release ${reply.release.release_id}.`,
    reply.notice ? ` ${reply.notice[0].toUpperCase()}${reply.notice.slice(1)}.` : "",
  );
}

function missing(reply) {
  if (reply.missing_legs.length === 0) return [];
  const stores = reply.missing_legs.map((leg) => STORE_OF_LEG[leg] ?? leg);
  const lower = reply.missing_legs.some((leg) => SCORING_LEGS.includes(leg));
  return [
    element(
      "p",
      { class: "notice" },
      `Without ${stores.join(" and ")}: this list is shorter on evidence than usual${lower ? ", and its scores are lower" : ""}.`,
    ),
  ];
}

function ranked(item, subject, requestId, signal) {
  const { name } = item.campaign;
  const entry = element("li", { "data-campaign": item.campaign_id });
  entry.append(
    element(
      "div",
      { class: "item-head" },
      element("h3", { tabindex: "-1" }, `${item.rank}. `, linkTo({ campaign: item.campaign_id }, name)),
      item.already_engaged ? element("span", { class: "badge" }, "already engaged") : "",
      element("span", { class: "score" }, hidden("score "), number(item.score, 3)),
    ),
    ...scoreBar(item.score_parts),
    item.explanation ? element("p", {}, item.explanation.text) : "",
    subject.userId ? dismissButton(entry, item.campaign_id, name, subject.userId, requestId) : "",
    item.explanation ? reasons(item, subject, signal) : "",
  );
  return entry;
}
