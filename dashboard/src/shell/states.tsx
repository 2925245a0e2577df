// What a page shows while it has nothing to show: loading, empty, failed.
import { Button, Paper, Skeleton, Stack, Text, Title, VisuallyHidden } from "@mantine/core";
import type { LucideIcon } from "lucide-react";
import { CloudOff } from "lucide-react";
import { Component, type ReactNode } from "react";

import { messages } from "../messages";

export function Loading({ rows = 3, height = 132 }: { rows?: number; height?: number }) {
  return (
    <Stack gap="md" role="status">
      <VisuallyHidden>{messages.states.loading}</VisuallyHidden>
      {Array.from({ length: rows }, (_, at) => (
        <Skeleton key={at} height={height} radius="lg" />
      ))}
    </Stack>
  );
}

export function Empty(props: { icon: LucideIcon; title: string; why: string; children?: ReactNode }) {
  const Icon = props.icon;
  return (
    <Paper py={56}>
      <Stack align="center" gap="xs" maw={380} mx="auto" ta="center">
        <span style={{ display: "grid", placeItems: "center", width: 56, height: 56, borderRadius: 18, background: "var(--plaudit-tint)", color: "var(--plaudit-accent)" }}>
          <Icon size={26} strokeWidth={1.75} aria-hidden />
        </span>
        <Title order={2} mt="sm">
          {props.title}
        </Title>
        <Text c="dimmed">{props.why}</Text>
        {props.children}
      </Stack>
    </Paper>
  );
}

export function Trouble({ again, why }: { again: () => void; why?: string | undefined }) {
  return (
    <div role="alert">
      <Empty icon={CloudOff} title={messages.states.failed} why={why ?? messages.states.failedWhy}>
        <Button variant="default" mt="md" onClick={again}>
          {messages.states.again}
        </Button>
      </Empty>
    </div>
  );
}

/** Our own mistakes: one page breaks, and the way to the others stays. */
export class Fuse extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError() {
    return { broken: true };
  }

  override render() {
    if (!this.state.broken) return this.props.children;
    return (
      <div role="alert">
        <Empty icon={CloudOff} title={messages.states.broken} why={messages.states.brokenWhy}>
          <Button variant="default" mt="md" onClick={() => location.reload()}>
            {messages.states.reload}
          </Button>
        </Empty>
      </div>
    );
  }
}
