// What stays while pages change: the way to each of them, the account, and whoever is signed in.
import { AppShell, Button, Group, Stack, Text } from "@mantine/core";
import { Link, Outlet, useNavigate } from "@tanstack/react-router";
import { ChartNoAxesCombined, ClipboardCheck, Gift, type LucideIcon, Sparkles, UsersRound, WalletMinimal } from "lucide-react";
import { useQuery } from "urql";

import { ViewerDocument } from "../contract/graphql";
import { messages } from "../messages";
import { type Viewer, ViewerContext } from "../viewer";
import { Account } from "./Account";
import { Brand } from "./Brand";
import { Fuse, Loading, Trouble } from "./states";

type Way = { to: "/" | "/points" | "/rewards" | "/insights" | "/approvals"; label: string; icon: LucideIcon };

function waysFor(viewer: Viewer): Way[] {
  const ways: Way[] = [
    { to: "/", label: messages.feed.title, icon: UsersRound },
    { to: "/points", label: messages.wallet.title, icon: WalletMinimal },
    { to: "/rewards", label: messages.rewards.title, icon: Gift },
    { to: "/insights", label: messages.insights.title, icon: ChartNoAxesCombined },
  ];
  if (viewer.permissions.includes("redemption.decide")) ways.push({ to: "/approvals", label: messages.approvals.title, icon: ClipboardCheck });
  return ways;
}

function Ways({ viewer, size }: { viewer: Viewer; size: number }) {
  return waysFor(viewer).map(({ to, label, icon: Icon }) => (
    <Link key={to} to={to} className="way" activeOptions={{ exact: to === "/", includeSearch: false }}>
      <Icon size={size} strokeWidth={1.85} aria-hidden />
      <span>{label}</span>
    </Link>
  ));
}

export function Shell() {
  const [{ data, error }, again] = useQuery({ query: ViewerDocument });
  if (data === undefined) {
    return (
      <Stack p="xl" maw={720} mx="auto" mt="10vh" component="main">
        {error ? <Trouble again={() => again({ requestPolicy: "network-only" })} /> : <Loading />}
      </Stack>
    );
  }
  return (
    <ViewerContext value={data.viewer}>
      <Frame viewer={data.viewer} />
    </ViewerContext>
  );
}

function Frame({ viewer }: { viewer: Viewer }) {
  const navigate = useNavigate();
  const mayGive = viewer.permissions.includes("recognition.give");
  return (
    <AppShell
      header={{ height: { base: 56, md: 0 } }}
      navbar={{ width: 248, breakpoint: "md", collapsed: { mobile: true } }}
      footer={{ height: { base: 60, md: 0 } }}
      padding={{ base: "md", sm: "xl" }}
      styles={{ main: { background: "var(--plaudit-ground)" } }}
    >
      <a className="skip" href="#page">
        {messages.skip}
      </a>
      <AppShell.Header hiddenFrom="md" px="md">
        <Group h="100%" justify="space-between">
          <Brand size={28} />
          <Account viewer={viewer} compact />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="md" bg="var(--plaudit-ground)" visibleFrom="md">
        <Stack h="100%" gap="lg">
          <Stack gap={2} px={6} pt={6}>
            <Brand />
            <Text fz="sm" c="dimmed" mt={4} truncate>
              {viewer.organization.name}
            </Text>
          </Stack>
          {mayGive && (
            <Button leftSection={<Sparkles size={17} aria-hidden />} size="md" onClick={() => navigate({ to: "/", search: { give: true } })}>
              {messages.give.open}
            </Button>
          )}
          <Stack component="nav" aria-label={messages.navigation} gap={4} flex={1}>
            <Ways viewer={viewer} size={19} />
          </Stack>
          <Account viewer={viewer} />
        </Stack>
      </AppShell.Navbar>
      <AppShell.Main id="page" tabIndex={-1}>
        <Fuse>
          <Outlet />
        </Fuse>
      </AppShell.Main>
      <AppShell.Footer hiddenFrom="md">
        <Group component="nav" aria-label={messages.navigation} className="below" h="100%" gap={0} wrap="nowrap">
          <Ways viewer={viewer} size={21} />
        </Group>
      </AppShell.Footer>
    </AppShell>
  );
}
