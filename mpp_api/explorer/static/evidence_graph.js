/**
 * The evidence of one recommendation as a drawing: the user, what leads from there to the
 * campaign, the campaign. Every row is one piece of evidence:
 *
 *   graph walk     user - shared campaign - peer - campaign
 *   similar user   user - neighbour by profile - campaign
 *   message        user - message of another user - campaign
 *
 * Wide, the user stands left and the campaign right. Narrow, they stand above and below, and
 * the lines run along the two sides.
 */

import { element, fragment, svg } from "./dom.js";
import { counted, number } from "./figures.js";

const NODE_HEIGHT = 42;
const ROW = 54;
const NARROW_BELOW = 620;
const CHARACTER = { name: 7.4, detail: 6.1 };

/** The figure, which draws itself when it is shown; null without personal evidence. */
export function evidenceGraph(subject, recommended, explanation) {
  const rows = evidenceRows(explanation);
  if (rows.length === 0) return null;
  const figure = element("figure", { class: "graph-drawing" });
  const user = {
    name: subject.name,
    detail: subject.userId ? "this user" : "what was asked",
    route: subject.userId && { user: subject.userId },
  };
  const campaign = {
    name: recommended.name,
    detail: "recommended campaign",
    route: { campaign: recommended.campaignId },
  };
  const caption = element(
    "figcaption",
    {},
    "Each line is evidence: a walk over shared campaigns, a user with a similar profile, or a " +
      "message that is close in meaning.",
  );
  let drawnWidth = 0;
  const draw = () => {
    const width = Math.round(figure.clientWidth);
    if (width === 0 || width === drawnWidth) return;
    drawnWidth = width;
    const drawing = width < NARROW_BELOW ? narrow : wide;
    figure.replaceChildren(drawing(width, user, campaign, rows), caption);
  };
  new ResizeObserver(draw).observe(figure);
  return figure;
}

function evidenceRows(explanation) {
  const rows = [];
  if (explanation.graph) {
    const [, , shared, , peer] = explanation.graph.path;
    const [own, theirs, onwards] = explanation.graph.message_counts;
    rows.push({
      tone: "graph",
      nodes: [
        {
          name: shared,
          detail: `shared: ${number(own)} and ${messages(theirs)}`,
          route: { campaign: shared },
        },
        { name: peer, detail: `${messages(onwards)} in the campaign`, route: { user: peer } },
      ],
    });
  }
  for (const similar of explanation.similar_users) {
    rows.push({
      tone: "similar_users",
      nodes: [
        {
          name: similar.user_id,
          detail: `similar ${number(similar.similarity, 2)}, ${messages(similar.message_count)}`,
          route: { user: similar.user_id },
        },
      ],
    });
  }
  for (const message of explanation.messages) {
    rows.push({
      tone: "messages",
      nodes: [
        {
          name: `“${message.text}”`,
          detail: `close ${number(message.similarity, 2)}, by ${message.user_id}`,
          route: { user: message.user_id },
        },
      ],
    });
  }
  return rows;
}

function messages(count) {
  return count === null ? "? messages" : counted(count, "message");
}

function wide(width, user, campaign, rows) {
  const height = Math.max(rows.length * ROW, 2 * NODE_HEIGHT);
  const end = Math.min(170, width * 0.2);
  const gap = Math.max(28, width * 0.05);
  const middle = (height - NODE_HEIGHT) / 2;
  const left = { x: 1, y: middle, width: end };
  const right = { x: width - end - 1, y: middle, width: end };
  const inner = { x: end + gap, width: width - 2 * (end + gap) };
  const edges = [];
  const nodes = [];
  rows.forEach((row, index) => {
    const y = index * ROW + (ROW - NODE_HEIGHT) / 2;
    const between = 24;
    const each = (inner.width - between * (row.nodes.length - 1)) / row.nodes.length;
    const boxes = row.nodes.map((_, place) => ({
      x: inner.x + place * (each + between),
      y,
      width: each,
    }));
    const stops = [left, ...boxes, right];
    stops.slice(1).forEach((to, place) => {
      const from = stops[place];
      edges.push(edge(row.tone, curve(from.x + from.width, centre(from), to.x, centre(to))));
    });
    row.nodes.forEach((node, place) => nodes.push(drawnNode(node, boxes[place], row.tone)));
  });
  return drawing(width, height, user, campaign, [
    ...edges,
    drawnNode(user, left, null, "end"),
    ...nodes,
    drawnNode(campaign, right, null, "end"),
  ]);
}

function narrow(width, user, campaign, rows) {
  const side = 24;
  const inner = { x: side, width: width - 2 * side };
  const count = rows.reduce((sum, row) => sum + row.nodes.length, 0);
  const top = { x: 1, y: 1, width: width - 2 };
  const bottom = { x: 1, y: NODE_HEIGHT + 14 + count * ROW, width: width - 2 };
  const edges = [];
  const nodes = [];
  let y = NODE_HEIGHT + 14;
  for (const row of rows) {
    const boxes = row.nodes.map(() => {
      const box = { ...inner, y };
      y += ROW;
      return box;
    });
    const first = boxes[0];
    const last = boxes.at(-1);
    const rail = { left: side / 2, right: width - side / 2 };
    edges.push(
      edge(row.tone, rounded(rail.left, top.y + NODE_HEIGHT, first.x, centre(first))),
      edge(row.tone, rounded(rail.right, bottom.y, last.x + last.width, centre(last))),
    );
    boxes.slice(1).forEach((box, place) => {
      const above = boxes[place];
      const x = box.x + box.width / 2;
      edges.push(edge(row.tone, `M${x} ${above.y + NODE_HEIGHT}V${box.y}`));
    });
    row.nodes.forEach((node, place) => nodes.push(drawnNode(node, boxes[place], row.tone)));
  }
  return drawing(width, bottom.y + NODE_HEIGHT + 2, user, campaign, [
    ...edges,
    drawnNode(user, top, null, "end"),
    ...nodes,
    drawnNode(campaign, bottom, null, "end"),
  ]);
}

function drawing(width, height, user, campaign, children) {
  return svg(
    "svg",
    {
      viewBox: `0 0 ${width} ${height}`,
      role: "group",
      "aria-label": `Evidence graph from ${user.name} to ${campaign.name}`,
    },
    children,
  );
}

function drawnNode(node, box, tone, kind = "") {
  const group = svg(
    "g",
    { class: `node ${kind} ${tone ? `tone-${tone}` : ""}` },
    svg("title", {}, `${node.name}: ${node.detail}`),
    svg("rect", { x: box.x, y: box.y, width: box.width, height: NODE_HEIGHT, rx: 8 }),
    svg("text", { x: box.x + 10, y: box.y + 18 }, fitted(node.name, box, CHARACTER.name)),
    svg(
      "text",
      { class: "detail", x: box.x + 10, y: box.y + 33 },
      fitted(node.detail, box, CHARACTER.detail),
    ),
  );
  if (!node.route) return group;
  return svg(
    "a",
    { href: fragment(node.route), "aria-label": `${node.name}, ${node.detail}` },
    group,
  );
}

function fitted(text, box, character) {
  const most = Math.floor((box.width - 18) / character);
  const characters = [...text];
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join("")}…`;
}

function centre(box) {
  return box.y + NODE_HEIGHT / 2;
}

function edge(tone, path) {
  return svg("path", { class: `edge tone-${tone}`, d: path });
}

function curve(fromX, fromY, toX, toY) {
  const bend = (toX - fromX) / 2;
  return `M${fromX} ${fromY}C${fromX + bend} ${fromY} ${toX - bend} ${toY} ${toX} ${toY}`;
}

/** Along a side, then round the corner into the node. */
function rounded(railX, railY, nodeX, nodeY) {
  const radius = Math.abs(nodeX - railX);
  const towards = Math.sign(nodeY - railY);
  return `M${railX} ${railY}V${nodeY - towards * radius}Q${railX} ${nodeY} ${nodeX} ${nodeY}`;
}
