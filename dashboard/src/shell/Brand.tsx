// The mark and the name.
import { Group, Text } from "@mantine/core";

import { messages } from "../messages";

export function Brand({ size = 30 }: { size?: number }) {
  return (
    <Group gap={10} wrap="nowrap">
      <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
        <rect width="32" height="32" rx="9" fill="#4f46b8" />
        <path d="M16 6.5l2.7 6.8 6.8 2.7-6.8 2.7L16 25.5l-2.7-6.8L6.5 16l6.8-2.7z" fill="#fff" />
      </svg>
      <Text fw={700} fz={size * 0.6} lts="-0.02em">
        {messages.product}
      </Text>
    </Group>
  );
}
