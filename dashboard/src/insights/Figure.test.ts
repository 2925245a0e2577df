// The table that people take away opens in a spreadsheet as it stands on the page.
import { expect, test } from "vitest";

import { csv } from "./Figure";

test("a name with a comma, a quotation mark or a formula stays a name", () => {
  const rows = [["Sales, South", 3], ['The "A" team', null], ["=1+1", -2]];

  expect(csv(["Group", "Given"], rows)).toBe('Group,Given\r\n"Sales, South",3\r\n"The ""A"" team",\r\n\'=1+1,-2\r\n');
});
