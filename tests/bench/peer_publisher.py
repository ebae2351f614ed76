"""Others' clients on the broker: `WHO PORT KIND COUNT`; messages a second and processor seconds of 1000.

`qos0`, `qos1` (twenty in flight): messages of 40 bytes; `site`: 100 sensors announced and their values.
All have gone out when a last one of QoS 1 is acknowledged, or one of its own has come back, as after each
500 in the loops of asyncio.
"""

import asyncio
import sys
import time

PAYLOAD = b"x" * 40
TOPIC = "gridward/bench/value"
SENSORS = 100
IN_FLIGHT = 20
WINDOW = 500


def paho(port: int, kind: str, count: int) -> None:
    """paho-mqtt with its thread."""
    from paho.mqtt import client as mqtt  # noqa: PLC0415 - each peer is installed alone
    from paho.mqtt.enums import CallbackAPIVersion  # noqa: PLC0415

    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.max_queued_messages_set(0)
    client.max_inflight_messages_set(IN_FLIGHT)
    client.connect("127.0.0.1", port)
    client.loop_start()
    while not client.is_connected():
        time.sleep(0.01)
    began, begun = time.perf_counter(), time.process_time()
    for _ in range(count):
        client.publish(TOPIC, PAYLOAD, qos=int(kind[-1]))
    client.publish(TOPIC, PAYLOAD, qos=1).wait_for_publish()
    told(count, began, begun)


async def gmqtt(port: int, kind: str, count: int) -> None:
    """The gmqtt client; a message of one's own tells that all went out."""
    from gmqtt import Client  # noqa: PLC0415

    came = asyncio.Event()
    client = Client("bench-gmqtt")
    client.on_message = lambda *_: came.set()
    await client.connect("127.0.0.1", port)
    client.subscribe("bench/heard", qos=1)
    await asyncio.sleep(0.3)
    began, begun = time.perf_counter(), time.process_time()
    window = WINDOW if kind == "qos0" else IN_FLIGHT // 2  # more than the broker takes is an error to it
    for begin in range(0, count, window):
        for _ in range(min(window, count - begin)):
            client.publish(TOPIC, PAYLOAD, qos=int(kind[-1]))
        came.clear()
        client.publish("bench/heard", b"", qos=1)
        await came.wait()
    told(count, began, begun)


async def mqttools(port: int, _qos0: str, count: int) -> None:
    """The mqttools client: MQTT 5 and QoS 0 only."""
    from mqttools import Client, Message  # noqa: PLC0415

    client = Client("127.0.0.1", port)
    await client.start()
    await client.subscribe("bench/heard")
    began, begun = time.perf_counter(), time.process_time()
    for begin in range(0, count, WINDOW):
        for _ in range(min(WINDOW, count - begin)):
            client.publish(Message(TOPIC, PAYLOAD))
        client.publish(Message("bench/heard", b"x"))
        await client.messages.get()
    told(count, began, begun)
    await client.stop()


def discoverable(port: int, _: str, count: int) -> None:
    """ha-mqtt-discoverable: a sensor of its own for each value."""
    from ha_mqtt_discoverable import DeviceInfo, Settings  # noqa: PLC0415
    from ha_mqtt_discoverable.sensors import Sensor, SensorInfo  # noqa: PLC0415
    from paho.mqtt import client as mqtt  # noqa: PLC0415
    from paho.mqtt.enums import CallbackAPIVersion  # noqa: PLC0415

    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.max_queued_messages_set(0)
    client.connect("127.0.0.1", port)
    client.loop_start()
    settings = Settings.MQTT(client=client)
    device = DeviceInfo(name="Bench", identifiers="bench")
    began = time.perf_counter()
    sensors = []
    for number in range(SENSORS):
        info = SensorInfo(
            name=f"Cell {number}",
            unit_of_measurement="V",
            device_class="voltage",
            unique_id=f"cell_{number}",
            device=device,
        )
        sensors.append(Sensor(Settings(mqtt=settings, entity=info)))
        sensors[-1].write_config()
    client.publish(TOPIC, PAYLOAD, qos=1).wait_for_publish()
    announced = time.perf_counter() - began
    began, begun = time.perf_counter(), time.process_time()
    for turn in range(count):
        for sensor in sensors:
            sensor.set_state(3.3 + turn / 1000)
    client.publish(TOPIC, PAYLOAD, qos=1).wait_for_publish()
    valued, spent = time.perf_counter() - began, time.process_time() - begun
    sys.stdout.write(f"{SENSORS / announced} {SENSORS * count / valued} {1000 * spent / (SENSORS * count)}\n")


def told(count: int, began: float, begun: float) -> None:
    """Print it."""
    took, spent = time.perf_counter() - began, time.process_time() - begun
    sys.stdout.write(f"{count / took} {1000 * spent / count}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    who, at, what, many = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    if who == "paho-mqtt":
        paho(at, what, many)
    elif who == "gmqtt":
        asyncio.run(gmqtt(at, what, many))
    elif who == "mqttools":
        asyncio.run(mqttools(at, what, many))
    else:
        discoverable(at, what, many)
