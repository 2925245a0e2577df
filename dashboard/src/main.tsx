// The first thing that runs: draws the page into its frame.
import "./styles";

import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { Door } from "./shell/Door";
import { theme, variables } from "./theme";

const root = document.getElementById("root");
if (root === null) throw new Error("the page has no frame");
createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} cssVariablesResolver={variables} defaultColorScheme="auto">
      <Notifications position="bottom-center" containerWidth={420} />
      <Door />
    </MantineProvider>
  </StrictMode>,
);
