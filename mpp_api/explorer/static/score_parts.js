/** A score as the parts that add up to it: a bar for the eye, figures for everybody. */

import { element } from "./dom.js";
import { number } from "./figures.js";

const NAMES = {
  similar_users: "similar users",
  graph: "graph",
  messages: "messages",
  topic: "topic",
  recent_messages: "recent messages",
  performance: "performance",
};

function tone(name) {
  return `tone-${name in NAMES ? name : "other"}`;
}

function label(name) {
  return NAMES[name] ?? name.replaceAll("_", " ");
}

/** The bar's whole width is a score of 1. */
export function scoreBar(parts) {
  const present = parts.filter((part) => part.contribution > 0);
  return [
    element("div", { class: "parts", "aria-hidden": "true" }, present.map(segment)),
    element(
      "ul",
      { class: "legend", "aria-label": "Score parts" },
      present.map((part) =>
        element(
          "li",
          { class: tone(part.name) },
          element("span", { class: "swatch" }),
          `${label(part.name)} ${number(part.contribution, 3)}`,
        ),
      ),
    ),
  ];
}

export function scoreTable(parts, score) {
  const row = (part) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, label(part.name)),
      element("td", { class: "number" }, `${number(part.weight, 2)} × ${number(part.value, 4)}`),
      element("td", { class: "number" }, number(part.contribution, 5)),
    );
  const heading = (text) => element("th", { scope: "col", class: "number" }, text);
  return element(
    "table",
    { class: "figures" },
    element("caption", { class: "visually-hidden" }, "Score parts: weight times value"),
    element(
      "thead",
      {},
      element("tr", {}, element("th", { scope: "col" }, "part"),
        ["weight × value", "points"].map(heading)),
    ),
    element("tbody", {}, parts.map(row)),
    element(
      "tfoot",
      {},
      element(
        "tr",
        {},
        element("th", { scope: "row", colspan: "2" }, "score"),
        element("td", { class: "number" }, number(score, 5)),
      ),
    ),
  );
}

function segment(part) {
  const span = element("span", { class: tone(part.name) });
  span.style.setProperty("--share", part.contribution);
  return span;
}
