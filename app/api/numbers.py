"""The scalar for numbers that outgrow an Int."""

from typing import Any, NewType

import strawberry

Total = NewType("Total", int)
SCALARS: dict[object, Any] = {
    Total: strawberry.scalar(
        name="Total",
        description="A whole number that may be larger than an Int: sums of points, and money in minor units. Exact up to 2^53.",
        serialize=int,
    )
}
"""For the schema's configuration."""
