// What stays while pages change: the way to each of them, the account, and whoever is signed in.
import { AppShell, Button, Group, Stack, Text } from "@mantine/core";
import { Outlet, useNavigate } from "@tanstack/react-router";
import { Sparkles } from "lucide-react";
import { useQuery } from "urql";

import { ViewerDocument } from "../contract/graphql";
import { messages } from "../messages";
import { type Viewer, ViewerContext } from "../viewer";
import { Account } from "./Account";
import { Brand } from "./Brand";
import { Fuse, Loading, Trouble } from "./states";
import { WaysBelow, WaysBeside } from "./Ways";

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
              {messages.give}
            </Button>
          )}
          <Stack component="nav" aria-label={messages.navigation} gap={4} flex={1} mih={0} className="ways">
            <WaysBeside />
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
          <WaysBelow />
        </Group>
      </AppShell.Footer>
    </AppShell>
  );
}
