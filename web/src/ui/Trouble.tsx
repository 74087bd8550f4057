import { TriangleAlert } from "lucide-react";
import type { Problem } from "../wire/problem";
import { Button } from "./Button";
import { t } from "./words/first";

interface TroubleProps {
  problem: Problem;
  /** Whether older data is still on the screen. */
  kept: boolean;
  retry: () => void;
}

/** A failed read: what failed, whether the shown data is old, and a way to try again. */
export function Trouble({ problem, kept, retry }: TroubleProps) {
  return (
    <div
      role="alert"
      className="flex flex-wrap items-center gap-x-3 gap-y-2 rounded-control border border-warn-line bg-warn-soft px-3 py-2 text-[13px] text-fg-2"
    >
      <TriangleAlert className="size-4 shrink-0 text-warn" aria-hidden="true" />
      <p className="min-w-0 flex-1 basis-48">
        {troubleSentence(problem, kept)}
        {problem.requestId !== "" && <span className="ml-2 text-fg-3">{t.trouble.requestId(problem.requestId)}</span>}
      </p>
      <Button onClick={retry}>{t.trouble.retry}</Button>
    </div>
  );
}

export function troubleSentence(problem: Problem, kept: boolean): string {
  if (problem.status === 404 && problem.message === "") return t.trouble.notFound;
  if (problem.message === "") return kept ? t.trouble.unreachable : t.trouble.unreachableFirst;
  return t.trouble.failed(problem.message);
}
