"""Compares an account with a manifest, with boto3 and without a line of iamctl's own code.

Reads one command a line (JSON) and answers each with one line (JSON). The manifest is JSON, which is YAML too.
What is compared here is worked out from the manifest anew: trusts, attachments, memberships, documents.
"""

import json
import random
import sys

import boto3

iam = boto3.client("iam")
account = boto3.client("sts").get_caller_identity()["Account"]


def arn(kind, path, name):
    return f"arn:aws:iam::{account}:{kind}{path}{name}"


def provider_arn(url):
    return arn("oidc-provider", "/", url)


def pages(call, key, **arguments):
    for page in iam.get_paginator(call).paginate(**arguments):
        yield from page[key]


def listed(value):
    return value if isinstance(value, list) else [value]


def normal(document):
    """A document in which everything that has no meaning is gone: order, brackets around one value."""
    statements = []
    for statement in listed(document["Statement"]):
        plain = {}
        for key, value in statement.items():
            if key in ("Action", "NotAction", "Resource", "NotResource"):
                plain[key] = sorted(listed(value))
            elif key == "Principal" and isinstance(value, dict):
                plain[key] = {kind: sorted(root(one) for one in listed(of)) for kind, of in value.items()}
            elif key == "Condition":
                plain[key] = {op: {k: sorted(text(one) for one in listed(v)) for k, v in keys.items()} for op, keys in value.items()}
            else:
                plain[key] = value
        statements.append(plain)
    return sorted(json.dumps(statement, sort_keys=True) for statement in statements)


def text(value):
    """Quotes around numbers and truth values have no meaning."""
    return value if isinstance(value, str) else json.dumps(value)


def root(principal):
    return f"arn:aws:iam::{principal}:root" if principal.isdigit() else principal


def wanted_trust(manifest, items):
    statements = []
    for item in items:
        principal, condition = {}, {}
        for kind, section in (("user", "users"), ("role", "roles")):
            for name in item.get(section, []):
                path = (manifest[section][name] or {}).get("path", "/")
                principal.setdefault("AWS", []).append(arn(kind, path, name))
        principal.setdefault("AWS", []).extend(root(one) for one in item.get("accounts", []))
        if item.get("services"):
            principal["Service"] = item["services"]
        if item.get("oidc"):
            principal["Federated"] = [provider_arn(url) for url in item["oidc"]]
            condition.update(item["conditions"])
        if item.get("saml"):
            principal["Federated"] = [arn("saml-provider", "/", name) for name in item["saml"]]
            condition.update(item["conditions"])
        if "mfa" in item:
            condition.setdefault("Bool", {})["aws:MultiFactorAuthPresent"] = "true"
        if "external_id" in item:
            condition.setdefault("StringEquals", {})["sts:ExternalId"] = item["external_id"]
        action = "sts:AssumeRole" + ("WithWebIdentity" if item.get("oidc") else "WithSAML" if item.get("saml") else "")
        statement = {"Effect": "Allow", "Action": action, "Principal": {k: v for k, v in principal.items() if v}}
        statements.append({**statement, "Condition": condition} if condition else statement)
    return {"Statement": statements}


def wanted(manifest):
    def policy_arn(name):
        return arn("policy", manifest["policies"][name].get("path", "/"), name)

    def holder(block):
        inline = {name: normal(one["document"]) for name, one in block.get("inline_policies", {}).items()}
        return {"policies": sorted(policy_arn(name) for name in block.get("policies", [])), "inline": inline}

    state = {}
    for name, block in manifest["policies"].items():
        state[f"policy/{name}"] = {
            "path": block.get("path", "/"), "document": normal(block["document"]), "tags": block.get("tags", {}),
        }
    for name, block in manifest["groups"].items():
        state[f"group/{name}"] = {"path": block.get("path", "/"), **holder(block)}
    for name, block in manifest["users"].items():
        state[f"user/{name}"] = {
            "path": block.get("path", "/"), "tags": block.get("tags", {}), "groups": sorted(block.get("groups", [])),
            **holder(block),
        }
    for name, block in manifest["roles"].items():
        boundary = block.get("permissions_boundary")
        state[f"role/{name}"] = {
            "path": block.get("path", "/"), "tags": block.get("tags", {}), "description": block.get("description", ""),
            "duration": int(block.get("max_session_duration", 3600)), "boundary": policy_arn(boundary) if boundary else None,
            "trust": normal(wanted_trust(manifest, block["trust"])), **holder(block),
        }
    for name, block in manifest["instance_profiles"].items():
        state[f"instance_profile/{name}"] = {
            "path": block.get("path", "/"), "tags": block.get("tags", {}), "roles": listed(block.get("role", [])),
        }
    for url, block in manifest["oidc_providers"].items():
        state[f"oidc_provider/{url}"] = {
            "url": url, "client_ids": sorted(block["client_ids"]), "thumbprints": sorted(block["thumbprints"]),
            "tags": block.get("tags", {}),
        }
    if isinstance(manifest.get("account_alias"), dict):
        state["account_alias"] = {"alias": manifest["account_alias"]["name"]}
    if isinstance(manifest.get("password_policy"), dict):
        said = manifest["password_policy"]
        state["password_policy"] = {
            "MinimumPasswordLength": said.get("minimum_password_length", 6),
            **{key: said.get(ours, False) for ours, key in FLAGS.items()},
            "MaxPasswordAge": said.get("max_password_age"), "PasswordReusePrevention": said.get("password_reuse_prevention"),
        }
    for name, block in manifest["saml_providers"].items():
        state[f"saml_provider/{name}"] = {"metadata": block["metadata"]}
    return state


FLAGS = {
    "require_symbols": "RequireSymbols", "require_numbers": "RequireNumbers",
    "require_uppercase_characters": "RequireUppercaseCharacters", "require_lowercase_characters": "RequireLowercaseCharacters",
    "allow_users_to_change_password": "AllowUsersToChangePassword", "hard_expiry": "HardExpiry",
}


def found():
    """Everything in the account, thing by thing, by calls other than the one that iamctl reads with."""
    state = {}
    for policy in pages("list_policies", "Policies", Scope="Local"):
        document = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])
        state[f"policy/{policy['PolicyName']}"] = {
            "path": policy["Path"], "document": normal(document["PolicyVersion"]["Document"]),
            "tags": tags(iam.list_policy_tags(PolicyArn=policy["Arn"])),
        }
    for group in pages("list_groups", "Groups"):
        state[f"group/{group['GroupName']}"] = {"path": group["Path"], **held("group", group["GroupName"])}
    for user in pages("list_users", "Users"):
        name = user["UserName"]
        groups = sorted(group["GroupName"] for group in iam.list_groups_for_user(UserName=name)["Groups"])
        state[f"user/{name}"] = {
            "path": user["Path"], "tags": tags(iam.list_user_tags(UserName=name)), "groups": groups, **held("user", name),
        }
    for listed_role in pages("list_roles", "Roles"):
        role = iam.get_role(RoleName=listed_role["RoleName"])["Role"]
        state[f"role/{role['RoleName']}"] = {
            "path": role["Path"], "tags": tags(role), "description": role.get("Description") or "",
            "duration": role["MaxSessionDuration"],
            "boundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
            "trust": normal(role["AssumeRolePolicyDocument"]), **held("role", role["RoleName"]),
        }
    for profile in pages("list_instance_profiles", "InstanceProfiles"):
        name = profile["InstanceProfileName"]
        state[f"instance_profile/{name}"] = {
            "path": profile["Path"], "tags": tags(iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]),
            "roles": [role["RoleName"] for role in profile["Roles"]],
        }
    for listed_provider in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]:
        provider = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=listed_provider["Arn"])
        state[f"oidc_provider/{listed_provider['Arn'].split('/', 1)[1]}"] = {
            "url": provider["Url"].removeprefix("https://"), "client_ids": sorted(provider["ClientIDList"]),
            "thumbprints": sorted(provider["ThumbprintList"]), "tags": tags(provider),
        }
    for provider in iam.list_saml_providers()["SAMLProviderList"]:
        name = provider["Arn"].split("/", 1)[1]
        state[f"saml_provider/{name}"] = {
            "metadata": iam.get_saml_provider(SAMLProviderArn=provider["Arn"])["SAMLMetadataDocument"],
        }
    for alias in iam.list_account_aliases()["AccountAliases"]:
        state["account_alias"] = {"alias": alias}
    try:
        policy = iam.get_account_password_policy()["PasswordPolicy"]
    except iam.exceptions.NoSuchEntityException:
        return state
    state["password_policy"] = {
        "MinimumPasswordLength": policy["MinimumPasswordLength"],
        **{key: policy.get(key) or False for key in FLAGS.values()},
        "MaxPasswordAge": policy.get("MaxPasswordAge") or None,
        "PasswordReusePrevention": policy.get("PasswordReusePrevention") or None,
    }
    return state


def tags(of):
    return {tag["Key"]: tag["Value"] for tag in of.get("Tags", [])}


def held(kind, name):
    argument = {f"{kind.title()}Name": name}
    attached = getattr(iam, f"list_attached_{kind}_policies")(**argument)["AttachedPolicies"]
    names = getattr(iam, f"list_{kind}_policies")(**argument)["PolicyNames"]
    get = getattr(iam, f"get_{kind}_policy")
    inline = {one: normal(get(PolicyName=one, **argument)["PolicyDocument"]) for one in names}
    return {"policies": sorted(one["PolicyArn"] for one in attached), "inline": inline}


STRANGERS = {}

# Service-linked roles stay once they are made, as they were made, whatever the manifest says later.
LINKED = {}
NAMES = {"autoscaling": "AutoScaling", "application-autoscaling": "ApplicationAutoScaling"}


def linked(manifest):
    for key, block in manifest["service_linked_roles"].items():
        service, _, suffix = key.partition("/")
        words = service.split(".")
        # As the local AWS calls them.
        own = NAMES.get(words[-3], words[-3]) + ("_" + words[0].title() if len(words) > 3 else "")
        trust = {"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}}
        LINKED.setdefault(f"role/AWSServiceRoleFor{own}{'_' + suffix if suffix else ''}", {
            "path": f"/aws-service-role/{service}/", "tags": {}, "description": block.get("description", ""),
            "duration": 3600, "boundary": None, "trust": normal(trust), "policies": [], "inline": {},
        })
    return LINKED


def prepare():
    """Things that nobody manages, and that must stay as they are whatever happens around them."""
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sns:*", "Resource": "*"}]}
    trust = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}]}
    policy = iam.create_policy(PolicyName="stranger", PolicyDocument=json.dumps(document))["Policy"]["Arn"]
    iam.create_user(UserName="stranger", Tags=[{"Key": "of", "Value": "others"}])
    iam.create_group(GroupName="strangers")
    iam.add_user_to_group(GroupName="strangers", UserName="stranger")
    iam.attach_group_policy(GroupName="strangers", PolicyArn=policy)
    iam.create_role(RoleName="stranger", AssumeRolePolicyDocument=json.dumps(trust), Description="of others")
    iam.put_role_policy(RoleName="stranger", PolicyName="own", PolicyDocument=json.dumps(document))
    iam.create_instance_profile(InstanceProfileName="stranger", Tags=[{"Key": "of", "Value": "others"}])
    iam.add_role_to_instance_profile(InstanceProfileName="stranger", RoleName="stranger")
    iam.create_open_id_connect_provider(
        Url="https://stranger.example.com", ClientIDList=["a"], ThumbprintList=["1" * 40], Tags=[{"Key": "of", "Value": "others"}])
    iam.create_saml_provider(Name="stranger", SAMLMetadataDocument="<of-others/>" + " " * 1000)
    STRANGERS.update(found())


SECTIONS = ("policies", "groups", "users", "roles", "instance_profiles", "oidc_providers", "saml_providers", "service_linked_roles")


def compare(path):
    with open(path, encoding="utf-8") as file:
        manifest = json.load(file)
    said = {**manifest, **{section: manifest.get(section) or {} for section in SECTIONS}}
    expected = {**wanted(said), **linked(said), **STRANGERS}
    actual = found()
    differences = []
    for address in sorted({*expected, *actual}):
        want, have = expected.get(address), actual.get(address)
        if want != have:
            differences.append({"address": address, "wanted": want, "found": have})
    return differences


def drift(seed):
    """Somebody changes something that is managed, past iamctl."""
    chance = random.Random(seed)
    there = sorted(address for address in found() if address not in STRANGERS)
    if not there:
        return "nothing"
    kind, _, name = chance.choice(there).partition("/")
    if kind == "account_alias":
        iam.create_account_alias(AccountAlias=f"drift-{chance.randrange(3)}")
        return "another alias"
    if kind == "password_policy":
        if chance.randrange(3) == 0:
            iam.delete_account_password_policy()
        else:
            iam.update_account_password_policy(MinimumPasswordLength=chance.randrange(6, 30), RequireNumbers=True)
        return "another password policy, or none"
    if f"{kind}/{name}" in LINKED:
        # Its service lets it go, or somebody says something else of it.
        if chance.randrange(2) == 0:
            iam.delete_service_linked_role(RoleName=name)
            del LINKED[f"{kind}/{name}"]
            return f"no {name}"
        iam.update_role_description(RoleName=name, Description="drift")
        LINKED[f"{kind}/{name}"]["description"] = "drift"
        return f"another description of {name}"
    document = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": chance.choice(["Allow", "Deny"]), "Action": f"sqs:Drift{chance.randrange(3)}", "Resource": "*"}]})
    stranger = arn("policy", "/", "stranger")
    if kind == "instance_profile":
        profile = iam.get_instance_profile(InstanceProfileName=name)["InstanceProfile"]
        for role in profile["Roles"]:
            iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName=role["RoleName"])
        if not profile["Roles"]:
            iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName="stranger")
        if profile.get("Tags"):
            # Those of an instance profile that never had any are not looked at.
            iam.tag_instance_profile(InstanceProfileName=name, Tags=[{"Key": "Team", "Value": chance.choice("xy")}])
        return f"another role, or none, in instance_profile/{name}"
    if kind == "oidc_provider":
        argument = {"OpenIDConnectProviderArn": provider_arn(name)}
        what = chance.choice(["update", "tag"])
        if what == "update":
            iam.update_open_id_connect_provider_thumbprint(ThumbprintList=["9" * 40], **argument)
        else:
            iam.tag_open_id_connect_provider(Tags=[{"Key": "Team", "Value": chance.choice("xy")}], **argument)
        return f"{what} at oidc_provider/{name}"
    if kind == "saml_provider":
        provider = arn("saml-provider", "/", name)
        metadata = iam.get_saml_provider(SAMLProviderArn=provider)["SAMLMetadataDocument"]
        other = chance.choice([metadata.replace("AAA0", "AAA9"), metadata.replace("/sso", "/drift")])
        iam.update_saml_provider(SAMLProviderArn=provider, SAMLMetadataDocument=other)
        return f"other metadata at saml_provider/{name}"
    if kind == "policy":
        policy = next(one["Arn"] for one in pages("list_policies", "Policies", Scope="Local") if one["PolicyName"] == name)
        versions = iam.list_policy_versions(PolicyArn=policy)["Versions"]
        if len(versions) == 5:
            old = next(one for one in versions if not one["IsDefaultVersion"])
            iam.delete_policy_version(PolicyArn=policy, VersionId=old["VersionId"])
        iam.create_policy_version(PolicyArn=policy, PolicyDocument=document, SetAsDefault=chance.random() < 0.7)
        return f"a version of policy/{name}"
    argument = {f"{kind.title()}Name": name}
    what = chance.choice(["attach", "inline", "tag", "detach"])
    if what == "attach":
        getattr(iam, f"attach_{kind}_policy")(PolicyArn=stranger, **argument)
    elif what == "inline":
        getattr(iam, f"put_{kind}_policy")(PolicyName=f"drift{chance.randrange(2)}", PolicyDocument=document, **argument)
    elif what == "tag" and kind != "group" and not (kind == "user" and name > "u2"):
        # Users after u2 move, and the local AWS mixes up the tags of those.
        getattr(iam, f"tag_{kind}")(Tags=[{"Key": chance.choice(["drift", "team"]), "Value": "x"}], **argument)
    else:
        for one in held(kind, name)["policies"]:
            getattr(iam, f"detach_{kind}_policy")(PolicyArn=one, **argument)
    return f"{what} at {kind}/{name}"


for line in sys.stdin:
    command = json.loads(line)
    match command["do"]:
        case "prepare":
            answer = prepare()
        case "compare":
            answer = compare(command["manifest"])
        case "drift":
            answer = drift(command["seed"])
    print(json.dumps(answer), flush=True)
