import { useEffect, useId, useRef, useState, type ReactNode } from "react";

interface PopoverProps {
  /** What the button does, for readers; it may say more than the button shows. */
  label: string;
  button: ReactNode;
  buttonClass: string;
  panelClass: string;
  children: ReactNode;
  /** Name for the tests and the requirements list. */
  name?: string;
}

/** A button that opens a panel beside it. Escape, a press elsewhere and a link inside close it. */
export function Popover({ label, button, buttonClass, panelClass, children, name }: PopoverProps) {
  const [open, setOpen] = useState(false);
  const whole = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  const id = useId();

  useEffect(() => {
    if (!open) return;
    const onPress = (event: PointerEvent): void => {
      if (event.target instanceof Node && !whole.current?.contains(event.target)) setOpen(false);
    };
    const onKey = (event: KeyboardEvent): void => {
      if (event.key !== "Escape") return;
      setOpen(false);
      opener.current?.focus();
    };
    document.addEventListener("pointerdown", onPress);
    document.addEventListener("keydown", onKey);
    return () => {
      document.removeEventListener("pointerdown", onPress);
      document.removeEventListener("keydown", onKey);
    };
  }, [open]);

  return (
    <div
      ref={whole}
      className="md:relative"
      onBlur={(event) => {
        if (event.relatedTarget && !event.currentTarget.contains(event.relatedTarget)) setOpen(false);
      }}
    >
      <button
        ref={opener}
        type="button"
        className={buttonClass}
        aria-label={label}
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        title={label}
        onClick={() => setOpen((now) => !now)}
        data-c={name}
      >
        {button}
      </button>
      {open && (
        <div
          id={id}
          role="group"
          aria-label={label}
          className={`appear absolute z-30 rounded-card border border-line bg-surface-2 shadow-lg ${panelClass}`}
          onClick={(event) => {
            if (event.target instanceof Element && event.target.closest("a")) setOpen(false);
          }}
        >
          {children}
        </div>
      )}
    </div>
  );
}
