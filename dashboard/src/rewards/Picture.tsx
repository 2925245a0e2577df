// A reward's picture, if this server has it: pictures of other servers are not asked for, as that would tell them who looks.
import { Gift } from "lucide-react";

export function Picture({ imageUrl, faded = false, small = false }: { imageUrl: string | null; faded?: boolean; small?: boolean }) {
  const look = small ? { width: 72, borderRadius: 10, flexShrink: 0 } : {};
  if (imageUrl?.startsWith("/")) {
    return <img className="picture" src={imageUrl} alt="" loading="lazy" style={{ ...look, filter: faded ? "grayscale(1)" : undefined }} />;
  }
  return (
    <span className="picture" style={{ ...look, display: "grid", placeItems: "center", color: "var(--plaudit-accent)" }}>
      <Gift size={small ? 22 : 36} strokeWidth={1.5} aria-hidden />
    </span>
  );
}
