// What an act came to: a refusal is a sentence, and what was lost on the way says so.
import { CombinedError, type OperationResult } from "urql";
import { expect, test } from "vitest";

import { messages } from "./messages";
import { refusalIn } from "./outcome";

const result = (parts: object) => parts as OperationResult<object>;

test("done is no refusal", () => {
  expect(refusalIn(result({ data: { giveRecognition: { userErrors: [] } } }))).toBeNull();
});

test("the first refusal is said", () => {
  const userErrors = [{ message: "You cannot give to yourself." }, { message: "And more." }];

  expect(refusalIn(result({ data: { giveRecognition: { userErrors } } }))).toBe("You cannot give to yourself.");
});

test("what was lost on the way may be sent again", () => {
  const error = new CombinedError({ networkError: new Error("Failed to fetch") });

  expect(refusalIn(result({ error }))).toBe(messages.states.unsent);
});
