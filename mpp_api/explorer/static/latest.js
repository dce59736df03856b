/** For each place of the page, only what was asked for last may fill it. */

const asking = new WeakMap();

/** Aborted when the view is left, and as soon as something else is asked for `place`. */
export function latest(place, leaving) {
  asking.get(place)?.abort();
  const superseded = new AbortController();
  asking.set(place, superseded);
  return AbortSignal.any([leaving, superseded.signal]);
}
