import { useQuery } from "@tanstack/react-query";
import { Card } from "../../ui/Card";
import { useFormat } from "../../ui/format";
import { Mark } from "../../ui/Mark";
import { Trouble } from "../../ui/Trouble";
import { t } from "../../ui/words/words";
import type { OrderDetail, ShippingRequest } from "../../wire/api";
import { read } from "../../sync/http";
import { asProblem } from "../../wire/problem";
import { CombineOrders } from "./CombineOrders";
import { ParcelForm } from "./ParcelForm";
import { SplitOrder } from "./SplitOrder";

/** How the order travels, where the seller has a say: parcels of their own carrier, several packages, one for several orders. */
export function ShippingCard({ order }: { order: OrderDetail }) {
  const { own, requests, together, can } = order.shipping;
  const asks = can.includes("ship-order") || can.includes("combine-orders") || requests.some((request) => request.can.length > 0);
  const ways = useQuery({
    queryKey: ["shipping", order.id],
    enabled: asks,
    queryFn: ({ signal }) => read("/api/v1/orders/{id}/shipping", { path: { id: order.id } }, signal),
    staleTime: 60_000,
  });
  if (!own && requests.length === 0 && can.length === 0) return null;
  const carriers = ways.data?.carriers ?? [];
  return (
    <Card title={t.shipping.title} name="shipping">
      {own && <p className="mb-2 text-[13px] text-fg-3">{order.channel === "direct" ? t.shipping.ownDirect : t.shipping.own}</p>}
      {together.length > 1 && <p className="mb-2 text-[13px] text-fg-2">{t.shipping.together(together.map(channelId).join(", "))}</p>}
      {requests.length > 0 && (
        <ul className="mb-2 flex flex-col text-[13px]">
          {requests.map((request) => (
            <Request key={request.number} order={order} request={request} carriers={carriers} any={ways.data?.any_carrier ?? false} />
          ))}
        </ul>
      )}
      {asks && ways.error && <Trouble problem={asProblem(ways.error)} kept={false} retry={() => void ways.refetch()} />}
      {can.includes("ship-order") && ways.data && <ParcelForm order={order} carriers={carriers} any={ways.data.any_carrier} />}
      <SplitOrder order={order} />
      <CombineOrders order={order} others={ways.data?.combinable ?? []} />
    </Card>
  );
}

/** The part of an order's id that its channel shows. */
export const channelId = (id: string): string => id.slice(id.indexOf(":") + 1);

interface RequestProps {
  order: OrderDetail;
  request: ShippingRequest;
  carriers: { id: string; name: string }[];
  any: boolean;
}

function Request({ order, request, carriers, any }: RequestProps) {
  const format = useFormat();
  const state = request.state === "told" ? "done" : request.state === "refused" ? "failed" : "running";
  const name = (listing: string): string => order.lines.find((line) => line.listing === listing)?.code ?? listing;
  return (
    <li className="flex flex-col gap-1 border-b border-line py-2 first:pt-0 last:border-0" data-c="parcel" data-state={request.state}>
      <div className="flex flex-wrap items-center justify-between gap-x-3">
        <span className="min-w-0 font-medium tabular-nums [overflow-wrap:anywhere]">
          {request.action === "split"
            ? t.shipping.splitInto(format.count(request.packages))
            : request.action === "combine"
              ? t.shipping.combined(request.with.map(channelId).join(", "))
              : t.shipping.parcel(request.carrier, request.tracking)}
        </span>
        <Mark state={state} word={t.shipping.state[request.state]} />
      </div>
      {request.items.length > 0 && <span className="text-fg-3">{request.items.map(({ listing, quantity }) => `${format.count(quantity)} × ${name(listing)}`).join(", ")}</span>}
      {request.where !== "" && (
        <p className="text-fg-2" data-c="where">
          {t.shipping.where(request.where, format.dateTime(request.where_at))}
        </p>
      )}
      {request.sentence !== "" && <p className="text-fg-2 [overflow-wrap:anywhere]">{request.sentence}</p>}
      {request.can.includes("correct-tracking") && (carriers.length > 0 || any) && <ParcelForm order={order} carriers={carriers} any={any} parcel={request.number} />}
    </li>
  );
}
