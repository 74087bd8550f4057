/** The mark: a wave that runs through. */
export function Logo() {
  return (
    <span className="grid size-8 shrink-0 place-items-center rounded-control border border-line bg-bg" aria-hidden="true">
      <svg width="18" height="18" viewBox="0 0 20 20">
        <path d="M2 12c2.500 0 3-4.500 5.500-4.500S10 12 12.500 12 15.500 7.500 18 7.500" fill="none" stroke="var(--accent)" strokeWidth="2.200" strokeLinecap="round" />
      </svg>
    </span>
  );
}
