/** The API key of this tab. It is never part of an address that is kept or sent. */

const STORED = "mpp-api-key";
const POSSIBLE = /^[!-~]+$/; // what a header can carry

let pending = null;

export function storedKey() {
  return sessionStorage.getItem(STORED);
}

/** Moves `#key=...` out of the address bar and the tab's history into the tab's storage. */
export function takeKeyFromAddress() {
  const parameters = new URLSearchParams(location.hash.slice(1));
  const key = parameters.get("key");
  if (key === null) return;
  keep(key);
  parameters.delete("key");
  const rest = parameters.toString();
  history.replaceState(null, "", location.pathname + location.search + (rest && `#${rest}`));
}

/** Asks once for all who wait. Resolves to whether there is a new key. */
export function askForKey(reason) {
  pending ??= answer(reason).finally(() => {
    pending = null;
  });
  return pending;
}

function keep(key) {
  const trimmed = key.trim();
  if (!POSSIBLE.test(trimmed)) return false;
  sessionStorage.setItem(STORED, trimmed);
  return true;
}

function answer(reason) {
  const dialog = document.getElementById("key-dialog");
  const input = document.getElementById("key-input");
  const focusedBefore = document.activeElement;
  document.getElementById("key-reason").textContent = reason;
  input.value = "";
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    const onClose = () => {
      const isGiven = dialog.returnValue === "use" && keep(input.value);
      input.value = "";
      focusedBefore?.focus?.();
      resolve(isGiven);
    };
    dialog.addEventListener("close", onClose, { once: true });
  });
}
