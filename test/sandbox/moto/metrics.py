"""CloudWatch's dimensions are a set; moto's order of them is none, so that a query in another order finds nothing."""

from moto.cloudwatch.models import Dimension


def order_dimensions():
    Dimension.__lt__ = lambda one, other: (one.name, one.value) < (other.name, other.value)
