/** Find a user; see what is known of them, what they would be recommended, and why. */

import { get } from "./api.js";
import { dismissedBy } from "./dismissal.js";
import { announce, element, fragment, linkTo } from "./dom.js";
import { counted, day, minute, number } from "./figures.js";
import { latest } from "./latest.js";
import { bar, facts, loading, panel } from "./panels.js";
import { showRecommendations } from "./recommendations.js";

const SHOWN = 50;
const TIMELINE = 10;
const TYPING_MS = 200;

export async function showUsers(content, userId, signal) {
  const detail = element("div", { class: "detail" });
  const layout = element(
    "div",
    { class: userId ? "columns chosen" : "columns" },
    searchPanel(userId, signal),
    detail,
  );
  content.replaceChildren(
    element("h1", { tabindex: "-1" }, userId ? `User ${userId}` : "Users"),
    layout,
  );
  if (!userId) {
    detail.append(
      panel(
        "Which campaigns next, and why?",
        element("p", {}, "Choose a user. Each recommendation shows the evidence it rests on."),
      ),
    );
    return;
  }
  showUser(detail, userId, signal);
}

function searchPanel(userId, leaving) {
  const input = element("input", { id: "prefix", type: "search", autocomplete: "off", spellcheck: "false" });
  const results = element("ul", { class: "results" });
  const note = element("p", { class: "hint" });
  const search = async () => {
    const signal = latest(results, leaving);
    try {
      const { body } = await get(["users"], { prefix: input.value, limit: SHOWN }, signal);
      results.replaceChildren(...body.users.map((user) => result(user, userId)));
      note.textContent =
        body.users.length === 0
          ? "No user's id starts so."
          : body.next_cursor
            ? `The first ${SHOWN}; type more to narrow them down.`
            : counted(body.users.length, "user");
      if (document.activeElement === input) announce(note.textContent);
    } catch (error) {
      if (!signal.aborted) note.textContent = error.message;
    }
  };
  let typing;
  input.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(search, TYPING_MS);
    input.closest(".columns").classList.remove("chosen");
  });
  const submit = (event) => {
    event.preventDefault();
    if (input.value) location.hash = fragment({ user: input.value });
  };
  search();
  return element(
    "section",
    { class: "panel", "aria-label": "Find a user" },
    element(
      "form",
      { role: "search", submit },
      element("label", { for: "prefix" }, "User id starts with"),
      input,
    ),
    note,
    results,
  );
}

function result(user, chosen) {
  const link = element(
    "a",
    { href: fragment({ user: user.user_id }), "aria-current": user.user_id === chosen && "true" },
    element("span", {}, user.user_id),
    element("small", {}, counted(user.message_count, "message")),
  );
  return element("li", {}, link);
}

function showUser(detail, userId, leaving) {
  const profile = element("div", {});
  const recommendations = element("div", {});
  const dismissed = element("div", {});
  const similar = element("div", {});
  const timeline = element("div", {});
  const seen = element("input", { type: "checkbox" });
  const diversity = element(
    "select",
    {},
    [["", "as released"], ["0", "by score alone"], ["0.3", "some variety"], ["0.7", "much variety"]].map(
      ([value, name]) => element("option", { value }, name),
    ),
  );
  const recommend = () =>
    loading(recommendations, leaving, async (signal) => {
      const place = element("div", {});
      const question = { user_id: userId, exclude_seen: !seen.checked };
      if (diversity.value) question.diversity = Number(diversity.value);
      await showRecommendations(place, question, { name: userId, userId }, signal);
      return place;
    });
  const showDismissed = () =>
    loading(dismissed, leaving, (signal) => dismissedBy(userId, signal));
  recommendations.addEventListener("dismissal", showDismissed);
  dismissed.addEventListener("dismissal", recommend);
  seen.addEventListener("change", recommend);
  diversity.addEventListener("change", recommend);
  detail.replaceChildren(
    panel("Profile", profile),
    panel(
      "Recommendations",
      element(
        "fieldset",
        { class: "options" },
        element("legend", { class: "visually-hidden" }, "How to make the list"),
        element("label", {}, seen, "with campaigns already engaged with"),
        element("label", {}, "order ", diversity),
      ),
      recommendations,
    ),
    panel("Dismissed campaigns", dismissed),
    element("div", { class: "pair" }, panel("Similar users", similar), panel("Latest messages", timeline)),
  );
  recommend();
  showDismissed();
  loading(profile, leaving, (signal) => profileOf(userId, signal));
  loading(similar, leaving, (signal) => similarTo(userId, signal));
  loading(timeline, leaving, (signal) => timelineOf(userId, signal));
}

async function profileOf(userId, signal) {
  const { body } = await get(["users", userId, "profile"], {}, signal);
  return [
    facts([
      ["messages", number(body.message_count)],
      ["campaigns", number(body.campaign_count)],
      ["engagement", body.engagement_level],
      ["first message", day(body.first_at)],
      ["last message", day(body.last_at)],
      ["topics", body.topics.map((share) => share.topic).join(", ") || null],
    ]),
    element(
      "table",
      {},
      element("caption", { class: "visually-hidden" }, "Engagement by campaign"),
      element(
        "thead",
        {},
        element(
          "tr",
          {},
          element("th", { scope: "col" }, "top campaigns"),
          element("th", { scope: "col" }, "engagement"),
        ),
      ),
      element("tbody", {}, body.top_campaigns.map(engagementRow)),
    ),
  ];
}

function engagementRow(campaign) {
  return element(
    "tr",
    {},
    element("th", { scope: "row" }, linkTo({ campaign: campaign.campaign_id }, campaign.name)),
    element(
      "td",
      { class: "chart" },
      `${counted(campaign.message_count, "message")}, ${campaign.engagement_level}`,
      bar(campaign.engagement_score),
    ),
  );
}

async function similarTo(userId, signal) {
  const { body } = await get(["users", userId, "similar"], { limit: TIMELINE }, signal);
  if (body.users.length === 0) return element("p", { class: "empty" }, "Nobody is near.");
  return element(
    "ul",
    { class: "results" },
    body.users.map((user) =>
      element(
        "li",
        {},
        element(
          "a",
          { href: fragment({ user: user.user_id }) },
          element("span", {}, user.user_id),
          element("small", {}, similarity(user)),
        ),
      ),
    ),
  );
}

function similarity(user) {
  const shared = user.shared_campaigns.length;
  const count = shared ? `, ${counted(shared, "shared campaign")}` : "";
  return `${number(user.similarity, 2)}${count}`;
}

async function timelineOf(userId, signal) {
  const { body } = await get(["users", userId, "timeline"], { limit: TIMELINE }, signal);
  return element(
    "ul",
    { class: "evidence" },
    body.messages.map((message) =>
      element(
        "li",
        {},
        element("blockquote", {}, message.text),
        element(
          "p",
          { class: "source" },
          linkTo({ campaign: message.campaign_id }, message.campaign_id),
          `, ${minute(message.sent_at)} · batch ${message.source.batch}, position ${message.source.position}`,
        ),
      ),
    ),
  );
}
