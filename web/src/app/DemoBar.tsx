import { useMutation, useQuery } from "@tanstack/react-query";
import { FlaskConical, TriangleAlert } from "lucide-react";
import { call, read } from "../sync/http";
import { Button, buttonLook } from "../ui/Button";
import { cx } from "../ui/cx";
import { Go } from "../ui/Go";
import { troubleSentence } from "../ui/Trouble";
import { t } from "../ui/words/first";
import type { Workspace } from "../wire/api";
import { asProblem } from "../wire/problem";

/** On every screen: that its data is made up and how to be rid of it, or how to see some when there is nothing yet. With buttons it stands under the header, where it never covers half of a link; at the lower edge it takes no press. */
export function DemoBar({ demo }: { demo: Workspace["demo"] }) {
  const { data: session } = useQuery({ queryKey: ["session"], queryFn: ({ signal }) => read("/api/v1/session", {}, signal) });
  const owner = session?.role === "owner";
  const change = useMutation({
    mutationFn: (open: boolean) => (open ? call("post", "/api/v1/demo", {}) : call("delete", "/api/v1/demo", {})),
    onSuccess: () => location.assign("/"), // another hub answers from now on
  });
  if (demo === "none" || (demo === "offered" && !owner)) return null;
  const shown = demo !== "offered";
  return (
    <section
      aria-label={t.demo.label}
      className={cx(
        "sticky z-10 flex flex-wrap items-center gap-x-3 gap-y-2 px-3 py-2 text-[13px] md:px-6",
        demo === "fixed" ? "pointer-events-none bottom-0 border-t max-md:bottom-[calc(3.5rem+env(safe-area-inset-bottom))]" : "top-14 border-b",
        shown ? "border-warn-line bg-warn-soft text-warn" : "border-line bg-surface text-fg-2",
      )}
      data-c="demo"
      data-demo={demo}
    >
      <FlaskConical className="size-4 shrink-0" aria-hidden="true" />
      <p className="min-w-0 flex-1 basis-40" role="status">
        {change.isPending && change.variables ? t.demo.starting : t.demo[demo]}
      </p>
      {demo === "offered" && (
        <>
          <Button tone="primary" busy={change.isPending || change.isSuccess} onClick={() => change.mutate(true)} data-c="try-demo">
            {t.demo.open}
          </Button>
          <Go href="/channels" className={buttonLook()}>
            {t.command.connectOne}
          </Go>
        </>
      )}
      {demo === "removable" && owner && (
        <Button busy={change.isPending || change.isSuccess} onClick={() => change.mutate(false)} data-c="remove-demo">
          {t.demo.remove}
        </Button>
      )}
      {change.error && (
        <p role="alert" className="flex basis-full items-center gap-1.5 text-crit">
          <TriangleAlert className="size-3.5 shrink-0" aria-hidden="true" />
          {troubleSentence(asProblem(change.error), false)}
        </p>
      )}
    </section>
  );
}
