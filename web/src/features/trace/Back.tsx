import { useCanGoBack, useRouter } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import { t } from "../../ui/words/words";

/** Up again, one link of the chain from a number to its webhook; absent when one came from outside. */
export function Back() {
  const router = useRouter();
  if (!useCanGoBack()) return null;
  return (
    <button type="button" onClick={() => router.history.back()} className="inline-flex min-h-6 items-center gap-1 text-accent hover:underline max-md:min-h-11">
      <ArrowLeft className="size-3.5" aria-hidden="true" />
      {t.trace.back}
    </button>
  );
}
