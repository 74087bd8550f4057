import { CriticalStockCard } from "../features/command/CriticalStockCard";
import { SyncCard } from "../features/command/SyncCard";
import { InventoryPage } from "../features/inventory/InventoryPage";

/** The inventory with what the board says of it beside the list. */
export function InventoryScreen() {
  return (
    <InventoryPage
      beside={
        <>
          <SyncCard />
          <CriticalStockCard />
        </>
      }
    />
  );
}
