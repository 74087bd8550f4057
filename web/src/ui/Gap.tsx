/** Stands for the rows of a table that are not drawn. */
export function Gap({ height, columns }: { height: number; columns: number }) {
  if (height <= 0) return null;
  return (
    <tr aria-hidden="true" className="max-lg:block">
      <td colSpan={columns} className="max-lg:block" style={{ height }} />
    </tr>
  );
}
