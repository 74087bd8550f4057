import { Centrifuge } from "centrifuge";
import type { Socket } from "./live";

/** The live socket of our own server. It connects when told to, and again by itself after a break. */
export function openSocket(page: string): Socket {
  const address = new URL("/live", page);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  // the library's overloads and ours say the same in different ways
  return new Centrifuge(address.href, { minReconnectDelay: 200, maxReconnectDelay: 5000 }) as unknown as Socket;
}
