import type { ErrorComponentProps } from "@tanstack/react-router";
import { Button } from "../ui/Button";
import { useTitle } from "../ui/title";
import { t } from "../ui/words/first";

/** A screen that threw. A chunk of an older build that is gone ends here too; loading again mends it. */
export function Broken({ error }: ErrorComponentProps) {
  useTitle(t.trouble.crashed);
  return (
    <div role="alert" className="mx-auto flex max-w-md flex-col items-start gap-2 py-16">
      <h1 className="text-[20px] font-bold">{t.trouble.crashed}</h1>
      <p className="text-fg-3">{t.trouble.crashedMend}</p>
      <p className="font-mono text-[12px] text-fg-3">{error instanceof Error ? error.message : String(error)}</p>
      <Button tone="primary" className="mt-2" onClick={() => location.reload()}>
        {t.trouble.reload}
      </Button>
    </div>
  );
}
