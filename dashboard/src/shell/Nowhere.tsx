// Where an address leads that leads nowhere.
import { Anchor } from "@mantine/core";
import { Link } from "@tanstack/react-router";

import { messages } from "../messages";
import { Page } from "./Page";

export function Nowhere() {
  return (
    <Page title={messages.states.nowhere} lead={messages.states.nowhereWhy} width={560}>
      <Anchor component={Link} to="/">
        {messages.states.home}
      </Anchor>
    </Page>
  );
}
