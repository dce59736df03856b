/** How numbers and times are written here. Times are UTC, as in the stores. */

export function number(value, decimals = 0) {
  if (value === null || value === undefined) return "–";
  return value.toLocaleString("en", {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
}

export function percent(value) {
  return value === null || value === undefined ? "–" : `${Math.round(value * 100)} %`;
}

export function counted(count, noun, plural = `${noun}s`) {
  return `${number(count)} ${count === 1 ? noun : plural}`;
}

export function day(value) {
  return value ? String(value).slice(0, 10) : "–";
}

export function minute(value) {
  return value ? `${String(value).slice(0, 10)} ${String(value).slice(11, 16)} UTC` : "–";
}

export function age(seconds) {
  for (const [unit, length] of [["day", 86_400], ["hour", 3_600], ["minute", 60]]) {
    if (seconds >= length) return counted(Math.floor(seconds / length), unit);
  }
  return counted(Math.floor(seconds), "second");
}
