let leaving = false;
globalThis.addEventListener?.("pageshow", () => {
  leaving = false; // also when the browser brings this page back as it was left
});

/**
 * Goes to a page for strangers by loading it, which forgets all that this page knows. The first to ask says where to:
 * the end of a session is heard by every read under way, and one load must not cut off another.
 */
export function leave(address: string): void {
  if (leaving) return;
  leaving = true;
  location.assign(address);
}
