import { useRouter } from "@tanstack/react-router";
import { Boxes, Search, ShoppingBag, X, type LucideIcon } from "lucide-react";
import { useEffect, useId, useRef, useState, type KeyboardEvent } from "react";
import { cx } from "../ui/cx";
import { useFormat } from "../ui/format";
import { t } from "../ui/words/first";
import { useFinding } from "./finding";
import { places } from "./navigation";

interface Hit {
  id: string;
  icon: LucideIcon;
  text: string;
  detail: string;
  go: () => void;
}

/** The search of the header: an order, a SKU or a screen, by keyboard alone if one likes. On phones it opens over the header. */
export function Finder() {
  const router = useRouter();
  const format = useFormat();
  const input = useRef<HTMLInputElement>(null);
  const list = useId();
  const [text, setText] = useState("");
  const [open, setOpen] = useState(false);
  const [phone, setPhone] = useState(false);
  const [at, setAt] = useState(0);
  const found = useFinding(open ? text : "");

  const jumps = text.trim() === "" ? [] : places.filter(({ word }) => word.toLowerCase().startsWith(text.trim().toLowerCase()));
  const hits: Hit[] = found
    ? [
        ...jumps.map(({ to, word, icon, key }) => ({ id: `place-${to}`, icon, text: word, detail: `g ${key}`, go: () => void router.navigate({ to }) })),
        ...found.orders.map((order) => ({
          id: `order-${order.id}`,
          icon: ShoppingBag,
          text: order.channel_id,
          detail: format.money(order.total),
          go: () => void router.navigate({ to: "/orders/$id", params: { id: order.id } }),
        })),
        ...found.skus.map((item) => ({
          id: `sku-${item.sku}`,
          icon: Boxes,
          text: item.name === "" ? item.sku : item.name,
          detail: item.sku,
          go: () => void router.navigate({ to: "/inventory/$sku", params: { sku: item.sku } }),
        })),
      ]
    : [];

  useEffect(() => {
    const onKey = (event: globalThis.KeyboardEvent): void => {
      const typing = event.target instanceof HTMLElement && event.target.closest("input, textarea, select, [contenteditable]");
      const asked = (event.key === "k" && (event.metaKey || event.ctrlKey)) || (event.key === "/" && !typing);
      if (!asked) return;
      event.preventDefault();
      setPhone(true);
      setOpen(true);
      input.current?.focus();
      input.current?.select();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);

  useEffect(() => {
    if (phone) input.current?.focus();
  }, [phone]);

  const close = (): void => {
    setOpen(false);
    setPhone(false);
    setText("");
    setAt(0);
    input.current?.blur();
  };

  const choose = (hit: Hit | undefined): void => {
    if (!hit) return;
    hit.go();
    close();
  };

  const onKey = (event: KeyboardEvent): void => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      if (hits.length > 0) setAt((now) => (now + step + hits.length) % hits.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      choose(hits[at]);
    } else if (event.key === "Escape") {
      close();
    }
  };

  const shown = open && found !== undefined;
  return (
    <>
      <button
        type="button"
        className="press grid size-11 shrink-0 place-items-center rounded-control border border-line text-fg-2 md:hidden"
        aria-label={t.finder.open}
        onClick={() => {
          setPhone(true);
          setOpen(true);
        }}
      >
        <Search className="size-4" aria-hidden="true" />
      </button>
      <div
        className={cx("md:relative md:block md:w-72", phone ? "max-md:absolute max-md:inset-x-0 max-md:top-0 max-md:z-20 max-md:flex max-md:h-14 max-md:items-center max-md:gap-2 max-md:bg-bg max-md:px-3" : "max-md:hidden")}
        onBlur={(event) => {
          if (!event.currentTarget.contains(event.relatedTarget)) close();
        }}
      >
        <div className="relative flex-1">
          <Search className="pointer-events-none absolute top-1/2 left-3 size-4 -translate-y-1/2 text-fg-3" aria-hidden="true" />
          <input
            ref={input}
            role="combobox"
            aria-label={t.finder.label}
            aria-expanded={shown && hits.length > 0}
            aria-controls={list}
            aria-activedescendant={shown && hits[at] ? `${list}-${at}` : undefined}
            aria-autocomplete="list"
            autoComplete="off"
            spellCheck={false}
            placeholder={t.finder.hint}
            className="h-9 w-full rounded-control border border-line bg-surface pr-12 pl-9 text-[14px] text-fg placeholder:text-fg-3 max-md:h-11 max-md:text-[16px]"
            value={text}
            onFocus={() => setOpen(true)}
            onChange={(event) => {
              setText(event.target.value);
              setAt(0);
              setOpen(true);
            }}
            onKeyDown={onKey}
            data-c="finder"
          />
          <kbd className="pointer-events-none absolute top-1/2 right-2.5 -translate-y-1/2 rounded border border-line px-1 font-sans text-[11px] text-fg-3 max-md:hidden">
            {t.finder.key}
          </kbd>
        </div>
        {phone && (
          <button type="button" className="press grid size-11 shrink-0 place-items-center rounded-control text-fg-2 md:hidden" aria-label={t.finder.close} onClick={close}>
            <X className="size-4" aria-hidden="true" />
          </button>
        )}
        <ul
          id={list}
          role="listbox"
          aria-label={t.finder.results}
          className={cx(
            "absolute top-full z-30 mt-1 max-h-[70vh] w-full overflow-y-auto rounded-control border border-line bg-surface-2 p-1 shadow-lg max-md:inset-x-3 max-md:w-auto",
            !(shown && hits.length > 0) && "hidden",
          )}
        >
          {hits.map(({ id, icon: Icon, text: name, detail }, i) => (
            <li
              key={id}
              id={`${list}-${i}`}
              role="option"
              aria-selected={i === at}
              className={cx("flex min-h-9 cursor-pointer items-center gap-2.5 rounded-control px-2.5 text-[13px] max-md:min-h-11", i === at && "bg-accent-soft")}
              onPointerEnter={() => setAt(i)}
              onPointerDown={(event) => {
                event.preventDefault(); // the input keeps the focus until the choice is made
                choose(hits[i]);
              }}
            >
              <Icon className="size-4 shrink-0 text-fg-3" aria-hidden="true" />
              <span className="min-w-0 flex-1 truncate">{name}</span>
              <span className="shrink-0 text-[12px] text-fg-3 tabular-nums">{detail}</span>
            </li>
          ))}
        </ul>
        {shown && hits.length === 0 && (
          <p className="absolute top-full z-30 mt-1 w-full rounded-control border border-line bg-surface-2 px-3 py-2 text-[13px] text-fg-2 shadow-lg max-md:inset-x-3 max-md:w-auto">
            {found.failed ? t.trouble.unreachableFirst : t.finder.nothing(found.q)}
          </p>
        )}
        <p role="status" className="sr-only">
          {shown ? t.finder.count(hits.length) : ""}
        </p>
      </div>
    </>
  );
}
