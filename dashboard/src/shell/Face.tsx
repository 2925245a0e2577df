// A person as a small round picture: initials, for the page asks nobody outside for pictures.
import { Avatar } from "@mantine/core";

const COLOURS = ["iris", "teal", "grape", "cyan", "orange", "pink", "indigo"];

export function Face({ name, size = 40 }: { name: string; size?: number }) {
  const sum = Array.from(name).reduce((all, letter) => all + (letter.codePointAt(0) ?? 0), 0);
  const initials = name
    .split(/\s+/)
    .map((word) => Array.from(word)[0] ?? "")
    .filter((_, at, all) => at === 0 || at === all.length - 1)
    .join("");
  const colour = COLOURS[sum % COLOURS.length] ?? "iris";
  return (
    <Avatar
      size={size}
      radius="xl"
      aria-hidden
      styles={{
        placeholder: {
          background: `light-dark(var(--mantine-color-${colour}-1), color-mix(in srgb, var(--mantine-color-${colour}-7) 35%, transparent))`,
          // The darkest shades of some are still too faint for small letters.
          color: `light-dark(color-mix(in srgb, var(--mantine-color-${colour}-9) 70%, black), var(--mantine-color-${colour}-2))`,
          fontWeight: 600,
          fontSize: size * 0.36,
          border: 0,
        },
      }}
    >
      {initials}
    </Avatar>
  );
}
