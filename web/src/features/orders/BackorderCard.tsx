import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ListOrdered } from "lucide-react";
import { useState } from "react";
import { useCommand } from "../../sync/command";
import { read } from "../../sync/http";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { Field } from "../../ui/Field";
import { Said } from "../../ui/Said";
import { t } from "../../ui/words/words";
import type { OrderDetail } from "../../wire/api";

/** The place of an order that waits in turn for stock, and what an owner may do about it. Absent when it waits in no queue. */
export function BackorderCard({ order }: { order: OrderDetail }) {
  const { data: session } = useQuery({ queryKey: ["session"], queryFn: ({ signal }) => read("/api/v1/session", {}, signal) });
  const [reason, setReason] = useState("");
  const [tried, setTried] = useState(false);
  const first = useCommand("backorder-first");
  const leave = useCommand("leave-backorders");
  const busy = first.state.kind === "sending" || leave.state.kind === "sending";
  const { backorder } = order;
  if (backorder === null && leave.state.kind === "idle") return null;
  const moved = backorder?.places.find((place) => place.moved_by !== "");

  const ask = (run: typeof first.run): void => {
    setTried(true);
    if (reason.trim() !== "") void run({ order: order.id, reason: reason.trim() }).then((done) => done && setTried(false));
  };

  return (
    <Card title={t.backorders.card} name="backorder">
      {backorder && (
        <div className="flex flex-col gap-3 text-[13px]">
          <p role="status" className="flex items-start gap-3 text-fg-2">
            <ListOrdered className="mt-0.5 size-4 shrink-0 text-fg-3" aria-hidden="true" />
            <span className="min-w-0 [overflow-wrap:anywhere]" data-c="backorder-place">
              {backorder.sentence}
            </span>
          </p>
          {moved && <p className="text-fg-3 [overflow-wrap:anywhere]">{t.backorders.moved(moved.why)}</p>}
          <p className="flex flex-wrap gap-x-3">
            {backorder.places.map(({ sku }) => (
              <Link key={sku} to="/inventory/$sku" params={{ sku }} className="inline-flex min-h-6 items-center text-accent hover:underline max-md:min-h-11">
                {t.backorders.see(sku)}
              </Link>
            ))}
          </p>
          {session?.role === "owner" && (
            <>
              <Field
                label={t.inventory.reason}
                value={reason}
                onChange={(event) => setReason(event.target.value)}
                autoComplete="off"
                maxLength={200}
                error={tried && reason.trim() === "" ? t.backorders.reasonBad : undefined}
                required
              />
              <div className="flex flex-wrap gap-2">
                {backorder.places.some(({ position }) => position > 1) && (
                  <Button busy={busy} onClick={() => ask(first.run)} data-c="backorder-first">
                    {t.backorders.first}
                  </Button>
                )}
                <Button busy={busy} onClick={() => ask(leave.run)} data-c="leave-backorders">
                  {t.backorders.leave}
                </Button>
              </div>
            </>
          )}
        </div>
      )}
      <Said state={first.state} done={t.backorders.isFirst} roomy={false} />
      <Said state={leave.state} done={t.backorders.left} roomy={false} />
    </Card>
  );
}
