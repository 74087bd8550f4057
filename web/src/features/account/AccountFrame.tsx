import type { ReactNode } from "react";
import { useTitle } from "../../ui/title";

/** The frame of the two screens outside the shell. */
export function AccountFrame({ title, lead, children }: { title: string; lead: string; children: ReactNode }) {
  useTitle(title);
  return (
    <main className="mx-auto flex min-h-dvh w-full max-w-sm flex-col justify-center px-4 py-10">
      <svg width="40" height="40" viewBox="0 0 32 32" aria-hidden="true" className="mb-5">
        <rect width="32" height="32" rx="8" className="fill-surface stroke-line" />
        <path d="M6 19c3.200 0 4-6 7.400-6s3.600 6 6.800 6S23.600 13 26 13" fill="none" stroke="var(--accent)" strokeWidth="3" strokeLinecap="round" />
      </svg>
      <h1 className="text-[24px] leading-tight font-bold tracking-tight">{title}</h1>
      <p className="mt-1 mb-6 text-fg-3">{lead}</p>
      {children}
    </main>
  );
}
