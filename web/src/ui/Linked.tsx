/** A sentence of the server's in which an address can be followed. */
export function Linked({ children }: { children: string }) {
  return pieces(children).map((piece, i) =>
    piece.startsWith("https://") ? (
      <a key={i} href={piece} target="_blank" rel="noopener noreferrer" className="text-accent underline" data-c="address">
        {piece}
      </a>
    ) : (
      piece
    ),
  );
}

/** A text as what stands around its addresses, and these. */
export function pieces(text: string): string[] {
  return text.split(/(https:\/\/\S+)/).filter((piece) => piece !== "");
}
