/** All campaigns beside each other, and one in detail. */

import { get } from "./api.js";
import { element, fragment, linkTo } from "./dom.js";
import { counted, day, number, percent } from "./figures.js";
import { bar, facts, loading, panel } from "./panels.js";

const STATUSES = { running: "good", upcoming: "", ended: "warn", inactive: "warn" };
const LEVELS = ["high", "medium", "low"];
const PAGE = 100;
const MOST = 1_000;
const AUDIENCE = 8;

export async function showCampaigns(content, _, leaving) {
  const place = element("div", {});
  const status = element(
    "select",
    { id: "status" },
    [["", "any status"], ...Object.keys(STATUSES).map((name) => [name, name])].map(([value, name]) =>
      element("option", { value }, name),
    ),
  );
  const list = () =>
    loading(place, leaving, async (signal) => {
      const { campaigns, isAll } = await campaignsOf(status.value, signal);
      const hint = `Only the first ${number(campaigns.length)} by id.`;
      return [campaignTable(campaigns), !isAll && element("p", { class: "hint" }, hint)];
    });
  status.addEventListener("change", list);
  content.replaceChildren(
    element("h1", { tabindex: "-1" }, "Campaigns"),
    element(
      "section",
      { class: "panel", "aria-label": "All campaigns" },
      element("p", { class: "options" }, element("label", { for: "status" }, "Show ", status)),
      place,
    ),
  );
  list();
}

/** They come by id, so the best may be on any page. */
async function campaignsOf(status, signal) {
  const campaigns = [];
  let cursor = "";
  do {
    const { body } = await get(["campaigns"], { status, limit: PAGE, cursor }, signal);
    campaigns.push(...body.campaigns);
    cursor = body.next_cursor;
  } while (cursor && campaigns.length < MOST);
  return { campaigns, isAll: !cursor };
}

function campaignTable(campaigns) {
  if (campaigns.length === 0) return element("p", { class: "empty" }, "No such campaign.");
  const score = (campaign) => campaign.figures?.performance_score ?? -1;
  const best = campaigns.toSorted((one, other) => score(other) - score(one));
  const column = (name, kind) => element("th", { scope: "col", class: kind }, name);
  return element(
    "table",
    { class: "campaigns" },
    element("caption", { class: "visually-hidden" }, "Campaigns and how they perform"),
    element(
      "thead",
      {},
      element(
        "tr",
        {},
        column("campaign"),
        column("performance"),
        column("messages", "number wide-only"),
        column("users", "number wide-only"),
      ),
    ),
    element("tbody", {}, best.map(campaignRow)),
  );
}

function campaignRow(campaign) {
  const { figures } = campaign;
  return element(
    "tr",
    {},
    element(
      "th",
      { scope: "row" },
      linkTo({ campaign: campaign.campaign_id }, campaign.name),
      " ",
      statusBadge(campaign.status),
    ),
    element(
      "td",
      {},
      figures ? number(figures.performance_score, 2) : "no messages yet",
      figures ? bar(figures.performance_score) : "",
    ),
    element("td", { class: "number wide-only" }, number(figures?.message_count)),
    element("td", { class: "number wide-only" }, number(figures?.user_count)),
  );
}

function statusBadge(status) {
  return element("span", { class: `badge ${STATUSES[status] ?? ""}` }, status);
}

export async function showCampaign(content, campaignId, leaving) {
  const { body } = await get(["campaigns", campaignId], {}, leaving);
  const audience = element("div", {});
  const feedback = element("div", {});
  const similar = element("div", {});
  const { figures } = body;
  content.replaceChildren(
    element("p", {}, element("a", { href: "#campaigns=" }, "All campaigns")),
    element("h1", { tabindex: "-1" }, body.name),
    element(
      "section",
      { class: "panel", "aria-label": "Description" },
      element("p", {}, statusBadge(body.status), " ", element("code", {}, body.campaign_id)),
      body.description ? element("p", {}, body.description) : "",
      body.tags.length
        ? element("ul", { class: "tags", "aria-label": "Tags" }, body.tags.map((tag) => element("li", { class: "badge" }, tag)))
        : "",
      facts([
        ["topic", body.topic || null],
        ["starts", body.starts_on && day(body.starts_on)],
        ["ends", body.ends_on && day(body.ends_on)],
      ]),
    ),
    panel("Performance", figures ? performance(figures) : element("p", { class: "empty" }, "No messages yet.")),
    panel("What came of recommending it", feedback),
    element("div", { class: "pair" }, panel("Audience", audience), panel("Similar campaigns", similar)),
  );
  loading(feedback, leaving, (signal) => feedbackOn(campaignId, signal));
  loading(audience, leaving, (signal) => audienceOf(campaignId, signal));
  loading(similar, leaving, (signal) => similarTo(campaignId, signal));
}

function performance(figures) {
  return [
    barTable("Performance", "figure", "share", [
      ["performance score", figures.performance_score, number(figures.performance_score, 2)],
      ["users who came back", figures.returning_user_share, percent(figures.returning_user_share)],
      [
        "messages in the last 7 days",
        figures.recent_message_count / figures.message_count,
        `${number(figures.recent_message_count)} of ${number(figures.message_count)}`,
      ],
    ]),
    facts([
      ["users", number(figures.user_count)],
      ["messages per user", number(figures.messages_per_user, 1)],
      ["days with messages", number(figures.active_days)],
      ["first message", day(figures.first_at)],
      ["last message", day(figures.last_at)],
    ]),
  ];
}

/** Rows of a name, a share of the longest bar, and the share in words. */
function barTable(caption, nameColumn, shareColumn, rows) {
  const row = ([name, share, text]) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, name),
      element("td", { class: "chart" }, text, bar(share)),
    );
  const heading = (name) => element("th", { scope: "col" }, name);
  return element(
    "table",
    {},
    element("caption", { class: "visually-hidden" }, caption),
    element("thead", {}, element("tr", {}, heading(nameColumn), heading(shareColumn))),
    element("tbody", {}, rows.map(row)),
  );
}

async function feedbackOn(campaignId, signal) {
  const { body } = await get(["campaigns", campaignId, "feedback"], {}, signal);
  return facts([
    ["recommended", number(body.exposures)],
    ["seen", number(body.impressions)],
    ["clicks", number(body.clicks)],
    ["conversions", number(body.conversions)],
    ["dismissals", number(body.dismissals)],
  ]);
}

async function audienceOf(campaignId, signal) {
  const { body } = await get(["campaigns", campaignId, "audience"], { limit: AUDIENCE }, signal);
  if (body.users.length === 0) return element("p", { class: "empty" }, "Nobody yet.");
  const most = Math.max(1, ...Object.values(body.users_by_level));
  const level = (name) => {
    const count = body.users_by_level[name];
    return [name, count / most, number(count)];
  };
  return [
    barTable("Users by engagement", "engagement", "users", LEVELS.map(level)),
    element("h3", {}, "Most engaged"),
    element(
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
            element("small", {}, counted(user.message_count, "message")),
          ),
        ),
      ),
    ),
  ];
}

async function similarTo(campaignId, signal) {
  const { body } = await get(["campaigns", campaignId, "similar"], {}, signal);
  if (body.campaigns.length === 0) return element("p", { class: "empty" }, "None is near.");
  return element(
    "ul",
    { class: "evidence" },
    body.campaigns.map((campaign) =>
      element(
        "li",
        {},
        linkTo({ campaign: campaign.campaign_id }, campaign.name),
        ` · similarity ${number(campaign.similarity, 2)}`,
      ),
    ),
  );
}
