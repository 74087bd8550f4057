import { Link } from "@tanstack/react-router";
import { Mark } from "../../ui/Mark";
import { t } from "../../ui/words/words";
import type { OrderLine } from "../../wire/api";

interface ProductNameProps {
  line: Pick<OrderLine, "code" | "sku" | "name">;
  /** Codes that wait for a SKU. */
  unknown: string[];
}

/** What a line is of. A product leads to its stock. */
export function ProductName({ line, unknown }: ProductNameProps) {
  const name = line.name === "" ? line.code : line.name;
  if (line.sku !== "") {
    return (
      <Link to="/inventory/$sku" params={{ sku: line.sku }} className="group block max-md:min-h-11">
        <span className="block [overflow-wrap:anywhere]">{name}</span>
        <span className="font-mono text-[12px] text-accent group-hover:underline">{line.sku}</span>
      </Link>
    );
  }
  return (
    <>
      <span className="block [overflow-wrap:anywhere]">{name}</span>
      {unknown.includes(line.code) ? (
        <Mark state="unknown_sku" word={`${line.code} · ${t.orders.noSku}`} className="text-[12px]" />
      ) : (
        line.name !== "" && <span className="font-mono text-[12px] text-fg-3">{line.code}</span>
      )}
    </>
  );
}
