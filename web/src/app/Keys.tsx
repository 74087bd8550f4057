import { useRouter } from "@tanstack/react-router";
import { useEffect, useRef, type ReactNode } from "react";
import { Button } from "../ui/Button";
import { t } from "../ui/words/first";
import { places } from "./navigation";

const sequenceMs = 1500;

/** What the keyboard does: "g" and a letter open a screen, "?" shows this map. */
export function Keys() {
  const router = useRouter();
  const map = useRef<HTMLDialogElement>(null);

  useEffect(() => {
    let going = 0; // until when a letter after g counts
    const onKey = (event: KeyboardEvent): void => {
      const typing = event.target instanceof HTMLElement && event.target.closest("input, textarea, select, [contenteditable]");
      if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === "?") map.current?.showModal();
      const place = event.timeStamp < going ? places.find(({ key }) => key === event.key) : undefined;
      going = event.key === "g" ? event.timeStamp + sequenceMs : 0;
      if (!place) return;
      map.current?.close();
      void router.navigate({ to: place.to });
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, [router]);

  return (
    <dialog
      ref={map}
      aria-label={t.keys.title}
      className="m-auto w-[min(92vw,26rem)] rounded-card border border-line bg-surface-2 p-4 text-fg backdrop:bg-black/50"
      data-c="keys"
      onClick={(event) => {
        if (event.target === event.currentTarget) map.current?.close(); // beside it
      }}
    >
      <h2 className="mb-2 text-[15px] font-semibold">{t.keys.title}</h2>
      <dl className="text-[13px]">
        <Row what={t.keys.search}>
          <Key>{t.finder.key}</Key> <Key>/</Key>
        </Row>
        <Row what={t.keys.pause}>
          <Key>p</Key>
        </Row>
        {places.map(({ to, word, key }) => (
          <Row key={to} what={t.keys.go(word)}>
            <Key>g</Key> {t.keys.then} <Key>{key}</Key>
          </Row>
        ))}
        <Row what={t.keys.escape}>
          <Key>Esc</Key>
        </Row>
        <Row what={t.keys.map}>
          <Key>?</Key>
        </Row>
      </dl>
      <Button className="mt-3" onClick={() => map.current?.close()}>
        {t.keys.close}
      </Button>
    </dialog>
  );
}

function Row({ what, children }: { what: string; children: ReactNode }) {
  return (
    <div className="flex items-center justify-between gap-4 border-b border-line py-1.5 last:border-0">
      <dt>{what}</dt>
      <dd className="shrink-0 text-fg-3">{children}</dd>
    </div>
  );
}

function Key({ children }: { children: ReactNode }) {
  return <kbd className="rounded border border-line bg-bg px-1.5 py-0.5 font-sans text-[11px] text-fg-2">{children}</kbd>;
}
