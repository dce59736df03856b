/** Requests to the API that serves this page. */

import { askForKey, storedKey } from "./key.js";

const GIVE_UP_AFTER_MS = 20_000;
const NO_CONTENT = 204;

/** What the API said instead of an answer: an RFC 9457 problem. */
export class Problem extends Error {
  constructor(status, detail, retryAfter = null) {
    super(detail);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/**
 * `path` is a list of segments. Resolves to `{ body, requestId }`, rejects with `Problem`. Once
 * `signal` is aborted it rejects, whatever has arrived.
 */
export function get(path, parameters = {}, signal = undefined) {
  return answered(address(path, parameters), { method: "GET" }, signal);
}

export function post(path, body, signal = undefined) {
  const headers = { "Content-Type": "application/json" };
  return answered(address(path), { method: "POST", headers, body: JSON.stringify(body) }, signal);
}

export function remove(path, parameters, signal = undefined) {
  return answered(address(path, parameters), { method: "DELETE" }, signal);
}

function address(path, parameters = {}) {
  const found = new URL(path.map(encodeURIComponent).join("/"), document.baseURI);
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null && value !== "") found.searchParams.set(name, value);
  }
  return found;
}

async function answered(target, request, signal) {
  if (!storedKey() && !(await askForKey("The API answers to a key."))) {
    throw new Problem(401, "An API key is needed: the button “API key” asks for it.");
  }
  let key = storedKey();
  let response = await sent(target, request, key, signal);
  while (response.status === 401) {
    // Another request may have brought a new key meanwhile.
    const isNew = storedKey() !== key || (await askForKey("This key is not accepted."));
    if (!isNew) break;
    key = storedKey();
    response = await sent(target, request, key, signal);
  }
  if (!response.ok) throw await problemOf(response);
  const body = response.status === NO_CONTENT ? null : await response.json();
  signal?.throwIfAborted();
  return { body, requestId: response.headers.get("X-Request-Id") };
}

async function sent(target, request, key, signal) {
  const signals = [AbortSignal.timeout(GIVE_UP_AFTER_MS), ...(signal ? [signal] : [])];
  try {
    return await fetch(target, {
      ...request,
      headers: { ...request.headers, "X-API-Key": key },
      credentials: "omit",
      cache: "no-store",
      signal: AbortSignal.any(signals),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Problem(0, "The API does not answer. Is the stack up?");
  }
}

async function problemOf(response) {
  const retryAfter = response.headers.get("Retry-After");
  try {
    const problem = await response.json();
    return new Problem(response.status, problem.detail ?? problem.title, retryAfter);
  } catch {
    return new Problem(response.status, `The API answered ${response.status}.`, retryAfter);
  }
}
