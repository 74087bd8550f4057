import { useState, type FormEvent } from "react";
import { useCommand } from "../../sync/command";
import { Button } from "../../ui/Button";
import { Card } from "../../ui/Card";
import { Field } from "../../ui/Field";
import { useFormat } from "../../ui/format";
import { Said } from "../../ui/Said";
import { t } from "../../ui/words/words";
import type { OrderDetail } from "../../wire/api";
import { PaymentLink, SendLink } from "./PaymentLink";

/** How an order is paid that was entered here, and another way while it is not; absent for one that a channel sold. */
export function PaymentCard({ order }: { order: OrderDetail }) {
  const format = useFormat();
  const [method, setMethod] = useState("");
  const [wrong, setWrong] = useState(false);
  const { state, run } = useCommand("pay-order");
  const payment = order.payment;
  if (!payment) return null;

  const charge = (event: FormEvent): void => {
    event.preventDefault();
    const bad = !/^p[mi]_\w+$/.test(method.trim());
    setWrong(bad);
    if (!bad) void run({ order: order.id, pay: "card", method: method.trim() });
  };

  return (
    <Card title={t.direct.payment} name="payment">
      <p className="text-[14px]">{payment.paid ? t.direct.paid[payment.pay] : t.direct.unpaid[payment.pay]}</p>
      {payment.refunded && <p className="mt-1 text-[13px] text-fg-2">{t.direct.refunded(format.money(payment.refunded))}</p>}
      {payment.disputes.map((sentence) => (
        <p key={sentence} className="mt-1 text-[13px] text-crit">
          {sentence}
        </p>
      ))}
      {payment.link && <PaymentLink link={payment.link} />}
      {payment.can.includes("send-payment-link") && <SendLink order={order.id} again={payment.link !== null} />}
      {payment.can.includes("pay-order") && (
        <form onSubmit={charge} noValidate className="mt-3 flex flex-col gap-2" data-c="pay-order">
          <Field label={t.direct.method} hint={t.direct.methodHint} value={method} onChange={(event) => setMethod(event.target.value)} autoComplete="off" spellCheck={false} error={wrong ? t.direct.methodBad : undefined} />
          <div className="flex flex-wrap gap-2">
            <Button type="submit" tone="primary" busy={state.kind === "sending"}>
              {t.direct.charge}
            </Button>
            <Button onClick={() => void run({ order: order.id, pay: "elsewhere" })}>{t.direct.elsewhere}</Button>
          </div>
        </form>
      )}
      <Said state={state} done={t.direct.named} roomy={false} />
    </Card>
  );
}
