import { useRouter } from "@tanstack/react-router";
import type { AnchorHTMLAttributes } from "react";

interface GoProps extends AnchorHTMLAttributes<HTMLAnchorElement> {
  /** An address of the app, encoded. */
  href: string;
}

/**
 * A link within the app for rows, chips and navigation. Unlike the router's own it does not follow every change of the
 * address, so a screen with fifty of them opens and closes without work for each.
 */
export function Go({ href, onClick, ...rest }: GoProps) {
  const router = useRouter();
  return (
    <a
      href={href}
      {...rest}
      onClick={(event) => {
        onClick?.(event);
        if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return; // a new tab, as everywhere
        event.preventDefault();
        if (href !== location.pathname + location.search) router.history.push(href);
      }}
    />
  );
}

/** The address of one thing below a screen. */
export function addressOf(screen: "/orders" | "/inventory" | "/events", id: string): string {
  return `${screen}/${encodeURIComponent(id)}`;
}

/** An address with what is set of a query. */
export function withQuery(path: string, query: Record<string, string | undefined>): string {
  const written = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value) written.set(name, value);
  return written.size > 0 ? `${path}?${written}` : path;
}
