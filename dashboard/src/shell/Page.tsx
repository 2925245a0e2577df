// A page's title, what it is about in a line, and its name in the browser's tab.
import { Group, Stack, Text, Title } from "@mantine/core";
import { type ReactNode, useEffect } from "react";

import { messages } from "../messages";

export function Page(props: { title: string; lead?: string; width?: number; actions?: ReactNode; children: ReactNode }) {
  useEffect(() => {
    document.title = `${props.title} · ${messages.product}`;
  }, [props.title]);
  return (
    <Stack gap="lg" maw={props.width ?? 1120} mx="auto" w="100%">
      <Group justify="space-between" align="flex-end" gap="md">
        <div>
          <Title order={1} lts="-0.02em">
            {props.title}
          </Title>
          {props.lead && (
            <Text c="dimmed" mt={4}>
              {props.lead}
            </Text>
          )}
        </div>
        {props.actions}
      </Group>
      {props.children}
    </Stack>
  );
}
