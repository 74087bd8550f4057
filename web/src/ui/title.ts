import { useEffect } from "react";
import { t } from "./words/first";

/** Names the page in the tab, in the history and for readers. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} \u00b7 ${t.product}`;
  }, [title]);
}
