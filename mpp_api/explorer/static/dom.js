/** Elements without markup: a string is always text, whatever a campaign or message holds. */

const SVG = "http://www.w3.org/2000/svg";

export function element(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

/** A link to a view of this page: `linkTo({user: "ada"}, "ada")`. */
export function linkTo(route, ...children) {
  return element("a", { href: fragment(route) }, ...children);
}

/** For screen readers only. */
export function hidden(text) {
  return element("span", { class: "visually-hidden" }, text);
}

export function fragment(route) {
  return `#${new URLSearchParams(route)}`;
}

/** Said by screen readers; shown nowhere. */
export function announce(sentence) {
  document.getElementById("announcement").textContent = sentence;
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === "function") node.addEventListener(name, value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}
