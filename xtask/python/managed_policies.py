"""Writes AWS's managed policies, as the local AWS knows them, as one JSON object: its version, and the policies."""

import importlib.metadata
import json
import sys

from moto.iam.aws_managed_policies import aws_managed_policies_data

json.dump(
    {"version": importlib.metadata.version("moto"), "policies": json.loads(aws_managed_policies_data)},
    sys.stdout,
)
