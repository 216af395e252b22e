export function Mark() {
  return (
    <svg width="22" height="22" viewBox="0 0 16 16" aria-hidden="true">
      <rect width="16" height="16" rx="4" fill="var(--brand)" />
      <path d="M3.5 5h9M8 5v7" stroke="var(--on-brand)" strokeWidth="1.8" strokeLinecap="round" fill="none" />
    </svg>
  );
}
