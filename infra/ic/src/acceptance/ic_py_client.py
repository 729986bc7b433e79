"""What a user of ic-py 1.0.1 does: usage: ic_py_client.py URL CANISTER PRINCIPAL_OF_THE_SUBNET; prints JSON."""
import json
import sys

from ic.agent import Agent
from ic.candid import Types, encode
from ic.client import Client
from ic.identity import Identity
from ic.system_state import canister_controllers, canister_module_hash, subnet_canister_ranges, subnet_public_key, time

url, canister, subnet = sys.argv[1:4]
agent = Agent(Identity(), Client(url=url))
secp = Agent(Identity(type="secp256k1"), Client(url=url))
nothing = encode([])
whoami = agent.query_raw(canister, "whoami", nothing, [Types.Principal])[0]["value"]
done = {
    "increment": agent.update_raw(canister, "increment", nothing, [Types.Nat64])[0]["value"],
    "again": secp.update_raw(canister, "increment", nothing, [Types.Nat64])[0]["value"],
    "counter": agent.query_raw(canister, "counter", nothing, [Types.Nat64])[0]["value"],
    "whoami": whoami.to_str() == str(agent.get_principal()),
    "hash": canister_module_hash(agent, canister),
    "controllers": [controller.to_str() for controller in canister_controllers(agent, canister)],
    "subnetKey": subnet_public_key(agent, canister, subnet),
    "ranges": len(subnet_canister_ranges(agent, canister, subnet)),
    "time": time(agent, canister),
}
try:
    agent.update_raw(canister, "increment_and_trap", nothing, [Types.Nat64])
except Exception as refused:  # ic-py has no class of its own for it
    done["refused"] = str(refused)
print(json.dumps(done))
