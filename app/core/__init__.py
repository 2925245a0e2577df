"""The ground everything stands on: settings, the clock, ids, the actor and the errors. Pure; imports nothing of the house."""
