/** Requests to the API that serves this page. */

import { askForKey, storedKey } from "./key.js";

const GIVE_UP_AFTER_MS = 20_000;

/** What the API said instead of an answer: an RFC 9457 problem. */
export class Problem extends Error {
  constructor(status, detail, retryAfter = null) {
    super(detail);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** `path` is a list of segments. Resolves to `{ body, requestId }`, rejects with `Problem`. */
export function get(path, parameters = {}, signal = undefined) {
  const address = new URL(path.map(encodeURIComponent).join("/"), document.baseURI);
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null && value !== "") address.searchParams.set(name, value);
  }
  return answered(address, { method: "GET" }, signal);
}

export function post(path, body, signal = undefined) {
  const address = new URL(path.map(encodeURIComponent).join("/"), document.baseURI);
  const headers = { "Content-Type": "application/json" };
  return answered(address, { method: "POST", headers, body: JSON.stringify(body) }, signal);
}

async function answered(address, request, signal) {
  if (!storedKey() && !(await askForKey("The API answers to a key."))) {
    throw new Problem(401, "An API key is needed: the button “API key” asks for it.");
  }
  let key = storedKey();
  let response = await sent(address, request, key, signal);
  while (response.status === 401) {
    // Another request may have brought a new key meanwhile.
    const isNew = storedKey() !== key || (await askForKey("This key is not accepted."));
    if (!isNew) break;
    key = storedKey();
    response = await sent(address, request, key, signal);
  }
  if (!response.ok) throw await problemOf(response);
  return { body: await response.json(), requestId: response.headers.get("X-Request-Id") };
}

async function sent(address, request, key, signal) {
  const signals = [AbortSignal.timeout(GIVE_UP_AFTER_MS), ...(signal ? [signal] : [])];
  try {
    return await fetch(address, {
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
